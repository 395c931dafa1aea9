// The audio ring and the callback that drains it, in C because a real-time callback must not run Swift:
// no lock, no allocation, no system call but the clock. Also the one inner loop of the screen that has
// to be vector code. Knows nothing of SDL but the callback's signature; decides nothing about time.
#ifndef SLUICE_CREALTIME_H
#define SLUICE_CREALTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One producer thread writes, one consumer (the audio callback) reads; the rest may be called anywhere.
typedef struct cr_player cr_player;

enum { CR_MAX_CHANNELS = 8 };

typedef enum cr_state {
    CR_IDLE = 0,    ///< Nothing has been played since the start, a flush or the end of input.
    CR_PLAYING = 1, ///< The last buffer ended with frames of the ring.
    CR_STARVED = 2, ///< The ring ran dry in the middle of playback.
    CR_PAUSED = 3,
    CR_GATED = 4, ///< Waiting for the start time.
} cr_state;

/// What the callback last said about itself, consistent as a whole.
typedef struct cr_position {
    /// Index of the next frame the callback will take, counted like the frames written.
    int64_t frames;
    /// When that frame is (or, in silence, could be) handed to the device: CLOCK_MONOTONIC ns, smoothed.
    int64_t host_ns;
    /// Frames of any kind handed to the device since it was opened.
    int64_t device_frames;
    /// Frames of silence put in because the ring ran dry during playback.
    int64_t starved_frames;
    /// How often it ran dry.
    int64_t underruns;
    cr_state state;
} cr_position;

/// `least_frames` is rounded up to a power of two. NULL when memory is short or an argument is absurd.
cr_player *cr_player_create(int channels, int rate, uint32_t least_frames);
/// Only after the device is closed.
void cr_player_destroy(cr_player *player);

/// Takes as many interleaved frames as there is room for and returns their number. Producer thread.
uint32_t cr_player_write(cr_player *player, const float *samples, uint32_t frames);
uint32_t cr_player_capacity(const cr_player *player);
uint32_t cr_player_queued(const cr_player *player);
/// Frames accepted since the beginning: the index the next written frame will have.
int64_t cr_player_written(const cr_player *player);

/// Requests; the callback carries them out at its next turn.
void cr_player_set_gain(cr_player *player, float gain);
void cr_player_set_paused(cr_player *player, bool paused);
/// The ring's first frame is not handed to the device before this time (ns); INT64_MIN: at once.
void cr_player_set_start(cr_player *player, int64_t host_ns);
/// While set, an empty ring is the end, not an underrun. Cleared by the next write.
void cr_player_set_draining(cr_player *player, bool draining);
/// Drops the next `frames` queued frames (no more than are queued by then).
void cr_player_discard(cr_player *player, uint32_t frames);
/// Drops what has been written so far; what is written later stays. Producer thread.
void cr_player_flush(cr_player *player);

cr_position cr_player_position(const cr_player *player);

/// Fills `frames` frames as of `now_ns`. `out` may be NULL: then frames are only counted. Consumer thread.
void cr_player_render(cr_player *player, float *out, uint32_t frames, int64_t now_ns);
/// SDL_AudioCallback: `userdata` is the cr_player, the format is native float.
void cr_player_callback(void *userdata, uint8_t *stream, int bytes);

/// A planar or semi-planar 4:2:0 picture. For NV12 `u` has both chroma samples and `v` is NULL.
typedef struct cr_yuv {
    const uint8_t *y, *u, *v;
    ptrdiff_t y_stride, u_stride, v_stride;
    int width, height;
} cr_yuv;

/// Y'CbCr → R'G'B' in 1/8192: luma gain, V→R, U→G, V→G (both subtracted), U→B, and the black level.
typedef struct cr_matrix {
    uint16_t luma;
    int16_t v_to_r, u_to_g, v_to_g, u_to_b;
    uint8_t black;
} cr_matrix;

/// Writes 8-bit B, G, R, X rows. Chroma is taken from the nearest sample.
void cr_yuv_to_bgrx(const cr_yuv *picture, const cr_matrix *matrix, uint8_t *out, ptrdiff_t out_stride);

#endif
