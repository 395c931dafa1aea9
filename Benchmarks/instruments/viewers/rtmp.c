// Reading and writing of RTMP chunks.
#include "rtmp.h"

#include <stdlib.h>
#include <string.h>

static int basic_size(uint8_t first) { return (first & 63) == 0 ? 2 : (first & 63) == 1 ? 3 : 1; }

static ChunkStream *stream_of(ChunkReader *r, uint32_t csid) {
    for (int i = 0; i < r->count; i++)
        if (r->streams[i].csid == csid) return &r->streams[i];
    if (r->count == CHUNK_STREAMS) return NULL;
    if (!r->streams) r->streams = must_have(calloc(CHUNK_STREAMS, sizeof *r->streams));
    r->streams[r->count].csid = csid;
    return &r->streams[r->count++];
}

// What is known so far of the header: 0 when it is whole, else how many bytes more; -1 when it is wrong.
static int head_missing(ChunkReader *r, ChunkStream **stream) {
    static const int fields[4] = {11, 7, 3, 0};
    if (r->head_length == 0) return 1;
    int basic = basic_size(r->head[0]), format = r->head[0] >> 6, need = basic + fields[format];
    if (r->head_length < need) return need - r->head_length;
    uint32_t csid = basic == 1 ? r->head[0] & 63u : basic == 2 ? r->head[1] + 64u : r->head[1] + 256u * r->head[2] + 64u;
    *stream = stream_of(r, csid);
    if (!*stream) return -1;
    bool extended = format < 3 ? be24(r->head + basic) == 0xFFFFFF : (*stream)->has_extended;
    need += extended ? 4 : 0;
    return need - r->head_length;
}

static bool head_take(ChunkReader *r, ChunkStream *s) {
    int format = r->head[0] >> 6;
    const uint8_t *p = r->head + basic_size(r->head[0]);
    if (format < 3) {
        if (s->got) return false;
        uint32_t field = be24(p);
        s->has_extended = field == 0xFFFFFF;
        if (s->has_extended) field = be32(r->head + r->head_length - 4);
        s->delta = field;
        s->timestamp = format == 0 ? field : s->timestamp + field;
        if (format < 2) {
            s->length = be24(p + 3);
            s->type = p[6];
        }
    } else if (!s->got) {
        s->timestamp += s->delta;
    }
    r->head_length = 0;
    r->current = s;
    r->chunk_left = s->length - s->got < r->chunk_size ? s->length - s->got : r->chunk_size;
    return true;
}

static bool message(ChunkReader *r, ChunkStream *s, const uint8_t *body, OnMessage on, void *who) {
    if (s->type == 1 && s->length >= 4) {
        r->chunk_size = be32(body);
        if (r->chunk_size == 0 || r->chunk_size >> 31) return false;
    }
    on(who, s->type, s->timestamp, body, s->length);
    s->got = 0;
    return true;
}

bool chunks_read(ChunkReader *r, const uint8_t *bytes, size_t count, OnMessage on, void *who) {
    if (!r->chunk_size) r->chunk_size = 128;
    const uint8_t *end = bytes + count;
    while (bytes < end || (r->current && r->chunk_left == 0)) {
        ChunkStream *s = r->current;
        if (!s) {
            int missing = head_missing(r, &s);
            while (missing > 0 && bytes < end) {
                r->head[r->head_length++] = *bytes++;
                missing = head_missing(r, &s);
            }
            if (missing < 0) return false;
            if (missing > 0) return true;
            if (!head_take(r, s)) return false;
        }
        s = r->current;
        size_t left = (size_t)(end - bytes);
        // Whole in this buffer: nothing is copied.
        if (s->got == 0 && r->chunk_left == s->length && left >= s->length) {
            r->current = NULL;
            bytes += s->length;
            if (!message(r, s, bytes - s->length, on, who)) return false;
            continue;
        }
        if (s->room < s->length) {
            s->body = must_have(realloc(s->body, s->length));
            s->room = s->length;
        }
        uint32_t take = left < r->chunk_left ? (uint32_t)left : r->chunk_left;
        memcpy(s->body + s->got, bytes, take);
        bytes += take;
        s->got += take;
        r->chunk_left -= take;
        if (r->chunk_left) return true;
        r->current = NULL;
        if (s->got == s->length && !message(r, s, s->body, on, who)) return false;
    }
    return true;
}

void chunks_free(ChunkReader *r) {
    for (int i = 0; i < r->count; i++) free(r->streams[i].body);
    free(r->streams);
    memset(r, 0, sizeof *r);
}

size_t chunks_write(uint8_t *out, uint8_t csid, uint8_t type, uint8_t message_stream, const uint8_t *body, size_t length) {
    const uint8_t head[12] = {csid, 0, 0, 0, (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, type, message_stream};
    memcpy(out, head, 12);
    size_t at = 12;
    for (size_t done = 0; done < length;) {
        size_t take = length - done < 128 ? length - done : 128;
        if (done) out[at++] = 0xC0 | csid;
        memcpy(out + at, body + done, take);
        at += take;
        done += take;
    }
    return at;
}

static size_t name(uint8_t *out, const char *text) {
    size_t length = strlen(text);
    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
    memcpy(out + 2, text, length);
    return length + 2;
}

size_t amf_string(uint8_t *out, const char *text) {
    out[0] = 2;
    return 1 + name(out + 1, text);
}

size_t amf_number(uint8_t *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    out[0] = 0;
    for (int i = 0; i < 8; i++) out[1 + i] = (uint8_t)(bits >> (56 - 8 * i));
    return 9;
}

size_t amf_property(uint8_t *out, const char *key, const char *value) {
    size_t at = name(out, key);
    return at + amf_string(out + at, value);
}
