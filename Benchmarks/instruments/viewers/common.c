// Figures, the ledger, and reading of the few bytes of a message that matter.
#include "common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...) {
    va_list list;
    va_start(list, format);
    fputs("viewers: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(1);
}

void *must_have(void *memory) {
    if (!memory) die("no memory");
    return memory;
}

void figures_add(Figures *f, int64_t ns) {
    if (!f->steps) f->steps = must_have(calloc(STEPS, sizeof *f->steps));
    if (ns < 0) ns = 0;
    if (ns > f->max) f->max = ns;
    int64_t step = ns / STEP_NS;
    f->steps[step < STEPS ? step : STEPS - 1]++;
    f->count++;
}

double figures_at(const Figures *f, double share) {
    uint64_t wanted = (uint64_t)(share * (double)(f->count ? f->count - 1 : 0)), sum = 0;
    for (int64_t step = 0; f->steps && step < STEPS; step++) {
        sum += f->steps[step];
        if (sum > wanted) return ((double)step + 0.5) * STEP_NS / 1e6;
    }
    return 0;
}

void figures_print(const char *name, const Figures *f) {
    if (!f->count) {
        printf(", \"%s\": null", name);
        return;
    }
    printf(", \"%s\": {\"p50\": %.2f, \"p95\": %.2f, \"p99\": %.2f, \"max\": %.2f, \"count\": %llu}", name, figures_at(f, 0.5),
           figures_at(f, 0.95), figures_at(f, 0.99), (double)f->max / 1e6, (unsigned long long)f->count);
}

bool is_codec_header(uint8_t type, const uint8_t *body, uint32_t length) {
    if (length < 2) return false;
    if (type == AUDIO) return body[0] >> 4 == 10 ? body[1] == 0 : body[0] >> 4 == 9 && (body[0] & 15) == 0;
    return body[0] & 0x80 ? (body[0] & 15) == 0 : ((body[0] & 15) == 7 || (body[0] & 15) == 12) && body[1] != 1;
}

bool is_key_frame(uint8_t type, const uint8_t *body, uint32_t length) {
    return type == VIDEO && length > 0 && (body[0] >> 4 & 7) == 1;
}

int64_t latency_mark(const uint8_t *body, uint32_t length) {
    static const char uuid[] = "MISPmicrosectime";
    const uint8_t *at = memmem(body, length < 4096 ? length : 4096, uuid, 16);
    if (!at || at + 28 > body + length || at[19] != 0xFF || at[22] != 0xFF || at[25] != 0xFF) return 0;
    uint64_t value = 0;
    for (int pair = 0; pair < 4; pair++) value = value << 16 | be16(at + 17 + 3 * pair);
    return (int64_t)(value * 1000);
}

// Eight bytes a step; good enough to tell messages of one stream apart, and no cost beside the reading.
uint64_t message_key(uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length) {
    uint64_t hash = ((uint64_t)timestamp << 8 | type) * 0x9E3779B97F4A7C15u ^ length;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, body, 8);
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
        hash ^= hash >> 32;
        body += 8;
        length -= 8;
    }
    for (; length; length--) hash = (hash ^ *body++) * 0x100000001B3u;
    return hash ^ hash >> 29;
}

void ledger_add(Ledger *l, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length, int64_t now) {
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 4096;
        l->entries = must_have(realloc(l->entries, l->room * sizeof *l->entries));
    }
    l->entries[l->count++] = (Entry){.key = message_key(type, timestamp, body, length),
                                     .sent = now,
                                     .mark = type == VIDEO ? latency_mark(body, length) : 0,
                                     .timestamp = timestamp,
                                     .type = type,
                                     .is_key = is_key_frame(type, body, length)};
}

static void lose(const Ledger *l, Cursor *c, size_t until) {
    uint32_t before = c->lost;
    for (; c->next < until; c->next++) {
        bool is_video = l->entries[c->next].type == VIDEO;
        // A server may let the sound begin at once and the picture at the next key frame.
        if (is_video && !c->has_video) continue;
        c->lost++;
        if (is_video) c->has_lost_video = true;
    }
    if (c->lost > before) c->gaps++;
}

const Entry *ledger_match(const Ledger *l, Cursor *c, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length) {
    uint64_t key = message_key(type, timestamp, body, length);
    size_t at = c->next;
    if (!c->is_synced) {
        for (at = l->count; at > 0 && l->entries[at - 1].key != key; at--) {}
        if (at == 0) {
            c->foreign++;
            return NULL;
        }
        at--;
        c->is_synced = true;
        c->first = c->next = at;
        // The first picture has to be a key frame, as after a loss.
        c->has_lost_video = true;
    } else if (at >= l->count || l->entries[at].key != key) {
        while (at < l->count && l->entries[at].key != key) at++;
        if (at == l->count) {
            size_t back = c->next;
            while (back > c->first && l->entries[back - 1].key != key) back--;
            if (back > c->first) c->repeated++;
            else c->foreign++;
            return NULL;
        }
    }
    lose(l, c, at);
    c->next = at + 1;
    const Entry *entry = &l->entries[at];
    if (type == VIDEO) c->has_video = true;
    if (type == VIDEO && c->has_lost_video) {
        if (!entry->is_key) c->broken_gops++;
        c->has_lost_video = false;
    }
    return entry;
}

void ledger_finish(const Ledger *l, Cursor *c, int64_t until) {
    size_t end = c->next;
    while (end < l->count && l->entries[end].sent < until) end++;
    if (c->is_synced) lose(l, c, end);
}
