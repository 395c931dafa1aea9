// The tap: a publisher's connection is led through it to the server, so that what was sent, and when, is known.
#ifndef VIEWERS_TAP_H
#define VIEWERS_TAP_H
#include "rtmp.h"

typedef struct {
    int kind;
    int listener, publisher, server, epoll;
    uint16_t server_port;
    size_t handshake_left;
    ChunkReader chunks;
    Ledger *ledger;
    uint64_t bytes;
    int64_t first_media, ended;
    // What the server has not taken yet; while there is any, the publisher is not read from.
    uint8_t *waiting;
    size_t waiting_count, waiting_at;
    int64_t now;
} Tap;

// Listens on a free port of loopback and returns it.
int tap_start(Tap *, int epoll, Ledger *, uint16_t server_port);
void tap_event(Tap *);
#endif
