// RTMP chunks in both directions, and as much AMF0 as a viewer needs.
#ifndef VIEWERS_RTMP_H
#define VIEWERS_RTMP_H
#include "common.h"

enum { HANDSHAKE = 1536, CHUNK_STREAMS = 64 };

typedef struct {
    uint32_t csid, timestamp, delta, length, got;
    uint8_t type;
    bool has_extended;
    uint8_t *body;
    uint32_t room;
} ChunkStream;

typedef struct {
    uint32_t chunk_size, chunk_left;
    uint8_t head[18];
    int head_length;
    ChunkStream *current, *streams;
    int count;
} ChunkReader;

typedef void (*OnMessage)(void *who, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length);

// False when the bytes cannot be a chunk stream.
bool chunks_read(ChunkReader *, const uint8_t *bytes, size_t count, OnMessage, void *who);
void chunks_free(ChunkReader *);

// One message in chunks of 128 bytes; returns how many bytes it became. `out` holds length + length / 128 + 12.
size_t chunks_write(uint8_t *out, uint8_t csid, uint8_t type, uint8_t message_stream, const uint8_t *body, size_t length);

size_t amf_string(uint8_t *out, const char *text);
size_t amf_number(uint8_t *out, double value);
size_t amf_property(uint8_t *out, const char *name, const char *value);
#endif
