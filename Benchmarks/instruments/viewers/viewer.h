// One viewer of RTMP or HTTP-FLV: connects, plays, reads, and compares what comes with the ledger.
#ifndef VIEWERS_VIEWER_H
#define VIEWERS_VIEWER_H
#include "rtmp.h"

typedef struct {
    bool is_flv;
    struct { uint32_t address; uint16_t port; } host;
    char authority[128], application[256], name[512], path[768];
} Address;

// What all viewers of a run have in common.
typedef struct {
    Ledger *ledger;  // NULL: nobody knows what was sent
    bool is_measuring;
    Figures first_media, picture_delay, audio_delay, mark;
    int epoll;
    uint8_t *buffer;
} Run;

typedef enum { ORDINARY, SLOW, STALLED } Manner;
typedef enum { CONNECTING, HANDSHAKING, COMMANDING, PLAYING, OVER } Stage;

typedef struct Viewer {
    int kind;  // first, so that epoll's pointer tells what it points to
    Run *run;
    const Address *address;
    Manner manner;
    Stage stage;
    int handle;
    bool is_watched, was_refused;
    int64_t began, first_media, ended, debt_since;
    uint64_t bytes, acknowledged, window, messages, pictures, measured_pictures;
    uint32_t last_timestamp[2], backwards;
    int64_t largest_step;
    Cursor cursor;
    ChunkReader chunks;
    // HTTP: the answer's head, then chunks of the transfer coding, then tags.
    char *head;
    size_t head_length;
    bool is_chunked;
    size_t part_left;
    int part_state;
    uint8_t tag[16];
    int tag_length;
    uint32_t body_length, body_got, body_room;
    uint8_t *body;
} Viewer;

enum { READ_AT_ONCE = 256 << 10, KIND_VIEWER = 1, KIND_TAP = 2 };

Address address_parse(const char *url);
void viewer_start(Viewer *, Run *, const Address *, Manner);
void viewer_event(Viewer *, uint32_t events);
// Slow ones: reads what `bytes_per_second` allow by now.
void viewer_sip(Viewer *, int64_t now, double bytes_per_second);
void viewer_end(Viewer *);
#endif
