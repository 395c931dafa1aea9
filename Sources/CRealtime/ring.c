// Single-producer single-consumer ring of float frames and its consumer, the audio callback. The read
// index belongs to the callback alone: everybody else asks by a request word that it looks at each turn.
#define _POSIX_C_SOURCE 200112L
#include "crealtime.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The device's clock is taken from the earliest callbacks of the last second (see `device_clock`).
enum { WINDOW_SLOTS = 8 };
static const int64_t SLOT_NS = 125000000;
static const int64_t STALL_NS = 15000000;

struct cr_player {
    // Constant after creation.
    int channels;
    int rate;
    uint32_t mask; // capacity - 1
    float *samples;
    float volume_step; // per frame; full scale in 10 ms
    float join_step;   // per frame; a discontinuity is cross-faded over 5 ms

    _Alignas(64) _Atomic(uint64_t) write_index; // owner: producer
    _Alignas(64) _Atomic(uint64_t) read_index;  // owner: callback

    // Requests.
    _Alignas(64) _Atomic(float) gain;
    _Atomic(bool) paused;
    _Atomic(bool) draining;
    _Atomic(int64_t) start_ns;
    _Atomic(uint32_t) discard;
    _Atomic(uint64_t) flush_to;

    // Published by the callback under a sequence lock. The fields are atomics too, so that a torn read
    // is a retry and not a data race.
    _Alignas(64) _Atomic(uint32_t) sequence;
    _Atomic(int64_t) pub_frames, pub_host, pub_device, pub_starved, pub_underruns;
    _Atomic(int) pub_state;

    // Private to the callback.
    _Alignas(64) int64_t device_frames;
    int64_t starved_frames, underruns;
    cr_state state;
    float volume;                 // current gain
    float join;                   // 0 … 1: how far the cross-fade out of `held` has come
    float held[CR_MAX_CHANNELS];  // what was on the wire before the discontinuity
    float last[CR_MAX_CHANNELS];  // the last frame handed out
    int64_t slot_min[WINDOW_SLOTS];
    int64_t slot_end;
    int slot;
};

static int64_t frames_to_ns(int64_t frames, int rate) {
    return frames / rate * 1000000000 + frames % rate * 1000000000 / rate;
}

static int64_t now_monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

cr_player *cr_player_create(int channels, int rate, uint32_t least_frames) {
    if (channels < 1 || channels > CR_MAX_CHANNELS || rate < 1000 || rate > 768000) return NULL;
    if (least_frames > (1u << 24)) return NULL;
    uint32_t capacity = 256;
    while (capacity < least_frames) capacity <<= 1;
    cr_player *p = NULL;
    if (posix_memalign((void **)&p, 64, sizeof *p) != 0) return NULL;
    memset(p, 0, sizeof *p);
    p->samples = calloc((size_t)capacity * (size_t)channels, sizeof(float));
    if (!p->samples) {
        free(p);
        return NULL;
    }
    p->channels = channels;
    p->rate = rate;
    p->mask = capacity - 1;
    p->volume_step = 1.0f / (0.010f * (float)rate);
    p->join_step = 1.0f / (0.005f * (float)rate);
    p->volume = 1;
    p->join = 1;
    atomic_init(&p->gain, 1.0f);
    atomic_init(&p->start_ns, INT64_MIN);
    for (int i = 0; i < WINDOW_SLOTS; i++) p->slot_min[i] = INT64_MAX;
    return p;
}

void cr_player_destroy(cr_player *p) {
    if (!p) return;
    free(p->samples);
    free(p);
}

uint32_t cr_player_capacity(const cr_player *p) { return p->mask + 1; }

uint32_t cr_player_queued(const cr_player *p) {
    uint64_t r = atomic_load_explicit(&p->read_index, memory_order_acquire);
    uint64_t w = atomic_load_explicit(&p->write_index, memory_order_acquire);
    // The read index may have been older than the write index; the ring is never fuller than full.
    uint64_t n = w - r;
    return n > p->mask + 1u ? p->mask + 1u : (uint32_t)n;
}

int64_t cr_player_written(const cr_player *p) {
    return (int64_t)atomic_load_explicit(&p->write_index, memory_order_acquire);
}

uint32_t cr_player_write(cr_player *p, const float *samples, uint32_t frames) {
    uint64_t w = atomic_load_explicit(&p->write_index, memory_order_relaxed);
    uint64_t r = atomic_load_explicit(&p->read_index, memory_order_acquire);
    uint32_t capacity = p->mask + 1;
    uint32_t room = capacity - (uint32_t)(w - r);
    uint32_t n = frames < room ? frames : room;
    if (n == 0) return 0;
    uint32_t at = (uint32_t)w & p->mask;
    uint32_t first = n < capacity - at ? n : capacity - at;
    size_t frame = (size_t)p->channels;
    memcpy(p->samples + at * frame, samples, first * frame * sizeof(float));
    memcpy(p->samples, samples + first * frame, (n - first) * frame * sizeof(float));
    atomic_store_explicit(&p->draining, false, memory_order_relaxed);
    atomic_store_explicit(&p->write_index, w + n, memory_order_release);
    return n;
}

void cr_player_set_gain(cr_player *p, float gain) {
    atomic_store_explicit(&p->gain, gain >= 0 ? gain : 0, memory_order_relaxed);
}

void cr_player_set_paused(cr_player *p, bool paused) {
    atomic_store_explicit(&p->paused, paused, memory_order_relaxed);
}

void cr_player_set_start(cr_player *p, int64_t host_ns) {
    atomic_store_explicit(&p->start_ns, host_ns, memory_order_release);
}

void cr_player_set_draining(cr_player *p, bool draining) {
    atomic_store_explicit(&p->draining, draining, memory_order_relaxed);
}

void cr_player_discard(cr_player *p, uint32_t frames) {
    atomic_fetch_add_explicit(&p->discard, frames, memory_order_relaxed);
}

void cr_player_flush(cr_player *p) {
    uint64_t w = atomic_load_explicit(&p->write_index, memory_order_relaxed);
    atomic_store_explicit(&p->flush_to, w, memory_order_release);
}

cr_position cr_player_position(const cr_player *p) {
    cr_position out;
    uint32_t before, after;
    do {
        before = atomic_load_explicit(&p->sequence, memory_order_acquire);
        out.frames = atomic_load_explicit(&p->pub_frames, memory_order_relaxed);
        out.host_ns = atomic_load_explicit(&p->pub_host, memory_order_relaxed);
        out.device_frames = atomic_load_explicit(&p->pub_device, memory_order_relaxed);
        out.starved_frames = atomic_load_explicit(&p->pub_starved, memory_order_relaxed);
        out.underruns = atomic_load_explicit(&p->pub_underruns, memory_order_relaxed);
        out.state = (cr_state)atomic_load_explicit(&p->pub_state, memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&p->sequence, memory_order_relaxed);
    } while (before != after || (before & 1));
    return out;
}

static void publish(cr_player *p, int64_t frames, int64_t host_ns) {
    uint32_t s = atomic_load_explicit(&p->sequence, memory_order_relaxed);
    atomic_store_explicit(&p->sequence, s + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&p->pub_frames, frames, memory_order_relaxed);
    atomic_store_explicit(&p->pub_host, host_ns, memory_order_relaxed);
    atomic_store_explicit(&p->pub_device, p->device_frames, memory_order_relaxed);
    atomic_store_explicit(&p->pub_starved, p->starved_frames, memory_order_relaxed);
    atomic_store_explicit(&p->pub_underruns, p->underruns, memory_order_relaxed);
    atomic_store_explicit(&p->pub_state, p->state, memory_order_relaxed);
    atomic_store_explicit(&p->sequence, s + 2, memory_order_release);
}

// Host time at which the device's frame 0 was, in effect, handed over. A callback comes when there is
// room in the device's buffer, and then late by the scheduler's whim, never early: so the smallest
// (now - frames/rate) of the last second is the device's clock, and a late wake-up does not move it.
// The window lets it follow a drifting crystal (100 ppm: 0.1 ms) and a device that stalled.
static int64_t device_clock(cr_player *p, int64_t now_ns) {
    int64_t sample = now_ns - frames_to_ns(p->device_frames, p->rate);
    if (now_ns >= p->slot_end) {
        p->slot = (p->slot + 1) % WINDOW_SLOTS;
        p->slot_min[p->slot] = INT64_MAX;
        p->slot_end = now_ns + SLOT_NS;
    }
    if (sample < p->slot_min[p->slot]) p->slot_min[p->slot] = sample;
    int64_t least = INT64_MAX;
    for (int i = 0; i < WINDOW_SLOTS; i++)
        if (p->slot_min[i] < least) least = p->slot_min[i];
    // A device that broke off and went on later has moved for good: when not one callback of the last
    // two slots came near the old clock, the old clock is forgotten, instead of a second later.
    int previous = (p->slot + WINDOW_SLOTS - 1) % WINDOW_SLOTS;
    int64_t recent = p->slot_min[previous] < p->slot_min[p->slot] ? p->slot_min[previous] : p->slot_min[p->slot];
    if (recent - least > STALL_NS) {
        for (int i = 0; i < WINDOW_SLOTS; i++)
            if (i != previous && i != p->slot) p->slot_min[i] = INT64_MAX;
        least = recent;
    }
    return least;
}

// From here on the wire leaves `held` behind: fade from it instead of jumping.
static void begin_join(cr_player *p) {
    memcpy(p->held, p->last, sizeof p->held);
    p->join = 0;
}

// Plays `n` frames of `from` (NULL: silence) into `out`, with gain ramp and cross-fade.
static void mix(cr_player *p, float *out, const float *from, uint32_t n, float target) {
    int channels = p->channels;
    if (!out) {
        p->volume = target;
        p->join = 1;
        return;
    }
    if (n == 0) return;
    if (p->join >= 1 && p->volume == target && (!from || target == 0 || target == 1)) {
        size_t bytes = (size_t)n * (size_t)channels * sizeof(float);
        if (from && target == 1) memcpy(out, from, bytes);
        else memset(out, 0, bytes);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            if (p->volume < target) {
                p->volume += p->volume_step;
                if (p->volume > target) p->volume = target;
            } else if (p->volume > target) {
                p->volume -= p->volume_step;
                if (p->volume < target) p->volume = target;
            }
            for (int c = 0; c < channels; c++) {
                float x = from ? from[i * (uint32_t)channels + (uint32_t)c] * p->volume : 0;
                if (p->join < 1) x = p->held[c] + (x - p->held[c]) * p->join;
                out[i * (uint32_t)channels + (uint32_t)c] = x;
            }
            if (p->join < 1) p->join += p->join_step;
        }
    }
    memcpy(p->last, out + (size_t)(n - 1) * (size_t)channels, (size_t)channels * sizeof(float));
}

// Requests that move the read index.
static uint64_t obey(cr_player *p, uint64_t r, uint64_t w) {
    uint64_t was = r;
    uint64_t flush_to = atomic_load_explicit(&p->flush_to, memory_order_acquire);
    if (flush_to > r && flush_to <= w) {
        r = flush_to;
        if (p->state == CR_PLAYING || p->state == CR_STARVED) p->state = CR_IDLE;
    }
    uint32_t discard = atomic_exchange_explicit(&p->discard, 0, memory_order_relaxed);
    r += discard < w - r ? discard : w - r;
    if (r != was) begin_join(p);
    return r;
}

void cr_player_render(cr_player *p, float *out, uint32_t frames, int64_t now_ns) {
    // flush_to is read after write_index inside obey(); a flush newer than `w` waits for the next turn.
    uint64_t w = atomic_load_explicit(&p->write_index, memory_order_acquire);
    uint64_t r = atomic_load_explicit(&p->read_index, memory_order_relaxed);
    r = obey(p, r, w);

    int64_t zero = device_clock(p, now_ns);
    size_t channels = (size_t)p->channels;
    uint32_t done = 0;

    bool paused = atomic_load_explicit(&p->paused, memory_order_relaxed);
    float target = paused ? 0 : atomic_load_explicit(&p->gain, memory_order_relaxed);
    // A pause first fades out what is playing, and stops taking frames when that is done.
    bool hold = paused && (p->volume == 0 || p->state != CR_PLAYING || !out);
    if (hold) {
        p->state = CR_PAUSED;
        mix(p, out, NULL, frames, target);
        done = frames;
    }

    int64_t start = atomic_load_explicit(&p->start_ns, memory_order_acquire);
    if (!hold && start != INT64_MIN) {
        int64_t wait_ns = start - (zero + frames_to_ns(p->device_frames, p->rate));
        uint32_t wait = 0;
        if (wait_ns > 0) {
            int64_t limit = frames_to_ns(frames, p->rate);
            wait = wait_ns >= limit ? frames : (uint32_t)(wait_ns * p->rate / 1000000000);
        }
        if (wait > 0 && p->state == CR_PLAYING) begin_join(p);
        mix(p, out, NULL, wait, target);
        done = wait;
        if (wait == frames) p->state = CR_GATED;
        else {
            // Opened for good, unless a newer gate has come meanwhile.
            atomic_compare_exchange_strong(&p->start_ns, &start, INT64_MIN);
            if (p->state == CR_GATED) p->state = CR_IDLE;
        }
    }

    if (done < frames) {
        uint32_t available = (uint32_t)(w - r);
        uint32_t n = available < frames - done ? available : frames - done;
        if (n > 0 && p->state == CR_STARVED) begin_join(p);
        uint32_t at = (uint32_t)r & p->mask;
        uint32_t first = n < p->mask + 1 - at ? n : p->mask + 1 - at;
        mix(p, out ? out + done * channels : NULL, p->samples + at * channels, first, target);
        mix(p, out ? out + (done + first) * channels : NULL, p->samples, n - first, target);
        r += n;
        done += n;
        if (done == frames) p->state = CR_PLAYING;
        else {
            // Dry. The end of input and a ring never filled are not underruns.
            uint32_t missing = frames - done;
            bool was_playing = n > 0 || p->state == CR_PLAYING;
            if (was_playing) begin_join(p);
            if (atomic_load_explicit(&p->draining, memory_order_relaxed)) p->state = CR_IDLE;
            else if (was_playing) {
                p->state = CR_STARVED;
                p->underruns++;
            } else if (p->state != CR_STARVED) p->state = CR_IDLE;
            if (p->state == CR_STARVED) p->starved_frames += missing;
            mix(p, out ? out + done * channels : NULL, NULL, missing, target);
        }
    }
    p->device_frames += frames;
    atomic_store_explicit(&p->read_index, r, memory_order_release);
    publish(p, (int64_t)r, zero + frames_to_ns(p->device_frames, p->rate));
}

void cr_player_callback(void *userdata, uint8_t *stream, int bytes) {
    cr_player *p = userdata;
    if (bytes <= 0) return;
    uint32_t frames = (uint32_t)bytes / (uint32_t)(sizeof(float) * (size_t)p->channels);
    cr_player_render(p, (float *)(void *)stream, frames, now_monotonic());
}
