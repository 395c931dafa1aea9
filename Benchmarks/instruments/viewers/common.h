// What the parts of the load generator share: times in nanoseconds, figures, and the record of what was sent.
#ifndef VIEWERS_COMMON_H
#define VIEWERS_COMMON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { AUDIO = 8, VIDEO = 9, SCRIPT = 18, COMMAND = 20 };

static inline int64_t clock_ns(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static inline int64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
static inline int64_t wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

static inline uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static inline uint32_t be24(const uint8_t *p) { return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]; }
static inline uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | be24(p + 1); }

// Ends the program with a line on stderr.
_Noreturn void die(const char *format, ...);
void *must_have(void *memory);

// --- Figures: a histogram of 20 µs steps up to 10 s.

enum { STEP_NS = 20000, STEPS = 500000 };
typedef struct {
    uint32_t *steps;
    uint64_t count;
    int64_t max;
} Figures;
void figures_add(Figures *, int64_t ns);
double figures_at(const Figures *, double share);  // milliseconds
void figures_print(const char *name, const Figures *);

// --- Ledger: every audio and video message that the publisher sent, in its order. Codec headers are not in it: a server
// repeats them to each viewer.

typedef struct {
    uint64_t key;  // of type, timestamp and payload
    int64_t sent;  // monotonic; just before it was handed to the server
    int64_t mark;  // wall clock in the picture's latency mark, or 0
    uint32_t timestamp;
    uint8_t type;
    bool is_key;
} Entry;

typedef struct {
    Entry *entries;
    size_t count, room;
} Ledger;

bool is_codec_header(uint8_t type, const uint8_t *body, uint32_t length);
bool is_key_frame(uint8_t type, const uint8_t *body, uint32_t length);
// The wall clock of a MISB ST 0604 stamp in the first bytes of a picture, or 0.
int64_t latency_mark(const uint8_t *body, uint32_t length);
uint64_t message_key(uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length);
void ledger_add(Ledger *, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length, int64_t now);

// One viewer's place in the ledger, and what was found wrong on the way.
typedef struct {
    size_t next, first;
    bool is_synced, has_video, has_lost_video;
    uint32_t lost, gaps, foreign, repeated, broken_gops;
} Cursor;

// The entry that this message is, or NULL when the publisher never sent it or it came before.
const Entry *ledger_match(const Ledger *, Cursor *, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length);
// Counts as lost what was sent before `until` and has not come.
void ledger_finish(const Ledger *, Cursor *, int64_t until);
#endif
