// HTTP-FLV as a viewer reads it: the answer's head, the transfer coding, the tags.
#include "viewer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void flv_read(Viewer *, const uint8_t *bytes, size_t count);
void viewer_media(Viewer *, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length);

enum { HEAD_LIMIT = 8192, FILE_HEADER = 13, TAG_HEADER = 11 };
enum { LENGTH_LINE, PART, PART_END };

static void tag_done(Viewer *v, const uint8_t *body) {
    uint32_t timestamp = be24(v->tag + 4) | (uint32_t)v->tag[7] << 24;
    uint8_t type = v->tag[0] & 31;
    v->tag_length = 0;
    v->body_got = 0;
    if (type == AUDIO || type == VIDEO) viewer_media(v, type, timestamp, body, v->body_length - 4);
}

// The file's header comes first: while it lasts, tag_length is below zero.
static void tags(Viewer *v, const uint8_t *bytes, size_t count) {
    while (count && v->stage != OVER) {
        if (v->tag_length < TAG_HEADER) {
            if (v->tag_length >= 0) v->tag[v->tag_length] = *bytes;
            bytes++;
            count--;
            if (++v->tag_length == TAG_HEADER) v->body_length = be24(v->tag + 1) + 4;
            continue;
        }
        uint32_t left = v->body_length - v->body_got, take = count < left ? (uint32_t)count : left;
        if (take == v->body_length) {
            tag_done(v, bytes);
        } else {
            if (v->body_room < v->body_length) {
                v->body = must_have(realloc(v->body, v->body_length));
                v->body_room = v->body_length;
            }
            memcpy(v->body + v->body_got, bytes, take);
            v->body_got += take;
            if (v->body_got == v->body_length) tag_done(v, v->body);
        }
        bytes += take;
        count -= take;
    }
}

static void parts(Viewer *v, const uint8_t *bytes, size_t count) {
    while (count && v->stage != OVER) {
        if (v->part_state == PART) {
            size_t take = count < v->part_left ? count : v->part_left;
            tags(v, bytes, take);
            bytes += take;
            count -= take;
            v->part_left -= take;
            if (v->part_left == 0) v->part_state = PART_END;
            continue;
        }
        uint8_t byte = *bytes++;
        count--;
        if (v->part_state == PART_END) {
            if (byte == '\n') v->part_state = LENGTH_LINE;
        } else if (byte == '\n') {
            if (v->part_left == 0) viewer_end(v);
            v->part_state = PART;
        } else if (byte != '\r') {
            int digit = byte >= 'a' ? byte - 'a' + 10 : byte >= 'A' ? byte - 'A' + 10 : byte - '0';
            if (digit < 0 || digit > 15 || v->part_left >> 40) viewer_end(v);
            v->part_left = v->part_left << 4 | (size_t)digit;
        }
    }
}

static void stream(Viewer *v, const uint8_t *bytes, size_t count) {
    if (v->is_chunked) parts(v, bytes, count);
    else tags(v, bytes, count);
}

void flv_read(Viewer *v, const uint8_t *bytes, size_t count) {
    if (v->stage == PLAYING) {
        stream(v, bytes, count);
        return;
    }
    if (!v->head) v->head = must_have(calloc(1, HEAD_LIMIT + 1));
    while (count && v->head_length < HEAD_LIMIT) {
        v->head[v->head_length++] = (char)*bytes++;
        count--;
        if (v->head_length < 4 || memcmp(v->head + v->head_length - 4, "\r\n\r\n", 4)) continue;
        if (strncmp(v->head, "HTTP/1.1 200", 12) && strncmp(v->head, "HTTP/1.0 200", 12)) {
            v->was_refused = true;
            viewer_end(v);
            return;
        }
        v->is_chunked = strcasestr(v->head, "\r\ntransfer-encoding: chunked") != NULL;
        v->tag_length = -FILE_HEADER;
        v->stage = PLAYING;
        free(v->head);
        v->head = NULL;
        stream(v, bytes, count);
        return;
    }
    if (v->head_length == HEAD_LIMIT) viewer_end(v);
}
