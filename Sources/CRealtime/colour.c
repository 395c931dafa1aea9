// 4:2:0 pictures to B, G, R, X, straight from the decoder's planes into the window's own memory. Used
// where there is no graphics hardware: the one loop that touches every pixel, hence vector code.
#include "crealtime.h"

#include <stdbool.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static uint8_t clamp(int v) { return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v; }

// The same sums as the vector code (results in 1/32), so that the right edge matches the rest.
static void row_scalar(
    const uint8_t *y, const uint8_t *u, const uint8_t *v, int chroma_step, int from, int to, const cr_matrix *m,
    uint8_t *out) {
    int black = (m->black * m->luma) >> 8;
    for (int x = from; x < to; x++) {
        int c = (x >> 1) * chroma_step;
        int luma = ((y[x] * m->luma) >> 8) - black + 16;
        int cu = (u[c] - 128) * 256, cv = (v[c] - 128) * 256;
        int r = luma + ((cv * m->v_to_r) >> 16);
        int g = luma - ((cu * m->u_to_g) >> 16) - ((cv * m->v_to_g) >> 16);
        int b = luma + ((cu * m->u_to_b) >> 16);
        out[4 * x] = clamp(b >> 5);
        out[4 * x + 1] = clamp(g >> 5);
        out[4 * x + 2] = clamp(r >> 5);
        out[4 * x + 3] = 255;
    }
}

#if defined(__SSE2__)
typedef struct chroma {
    __m128i r, g, b;
} chroma;

static inline void store16(__m128i luma_lo, __m128i luma_hi, const chroma *lo, const chroma *hi, uint8_t *out) {
    __m128i r = _mm_packus_epi16(
        _mm_srai_epi16(_mm_add_epi16(luma_lo, lo->r), 5), _mm_srai_epi16(_mm_add_epi16(luma_hi, hi->r), 5));
    __m128i g = _mm_packus_epi16(
        _mm_srai_epi16(_mm_sub_epi16(luma_lo, lo->g), 5), _mm_srai_epi16(_mm_sub_epi16(luma_hi, hi->g), 5));
    __m128i b = _mm_packus_epi16(
        _mm_srai_epi16(_mm_add_epi16(luma_lo, lo->b), 5), _mm_srai_epi16(_mm_add_epi16(luma_hi, hi->b), 5));
    __m128i bg_lo = _mm_unpacklo_epi8(b, g), bg_hi = _mm_unpackhi_epi8(b, g);
    __m128i opaque = _mm_set1_epi8(-1);
    __m128i rx_lo = _mm_unpacklo_epi8(r, opaque), rx_hi = _mm_unpackhi_epi8(r, opaque);
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi16(bg_lo, rx_lo));
    _mm_storeu_si128((__m128i *)(void *)(out + 16), _mm_unpackhi_epi16(bg_lo, rx_lo));
    _mm_storeu_si128((__m128i *)(void *)(out + 32), _mm_unpacklo_epi16(bg_hi, rx_hi));
    _mm_storeu_si128((__m128i *)(void *)(out + 48), _mm_unpackhi_epi16(bg_hi, rx_hi));
}

// Sixteen pixels at a time; returns how many columns are done.
static int rows_sse2(
    const uint8_t *y0, const uint8_t *y1, const uint8_t *u, const uint8_t *v, int width, const cr_matrix *m,
    uint8_t *out0, uint8_t *out1) {
    const __m128i zero = _mm_setzero_si128();
    const __m128i luma = _mm_set1_epi16((int16_t)m->luma);
    const __m128i offset = _mm_set1_epi16((int16_t)(16 - ((m->black * m->luma) >> 8)));
    const __m128i middle = _mm_set1_epi16(128);
    const __m128i vr = _mm_set1_epi16(m->v_to_r), ug = _mm_set1_epi16(m->u_to_g);
    const __m128i vg = _mm_set1_epi16(m->v_to_g), ub = _mm_set1_epi16(m->u_to_b);
    int x = 0;
    for (; x + 16 <= width; x += 16) {
        __m128i cu, cv;
        if (v) {
            cu = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)(u + x / 2)), zero);
            cv = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)(v + x / 2)), zero);
        } else {
            __m128i both = _mm_loadu_si128((const __m128i *)(const void *)(u + x));
            cu = _mm_and_si128(both, _mm_set1_epi16(0xff));
            cv = _mm_srli_epi16(both, 8);
        }
        cu = _mm_slli_epi16(_mm_sub_epi16(cu, middle), 8);
        cv = _mm_slli_epi16(_mm_sub_epi16(cv, middle), 8);
        __m128i r = _mm_mulhi_epi16(cv, vr), b = _mm_mulhi_epi16(cu, ub);
        __m128i g = _mm_add_epi16(_mm_mulhi_epi16(cu, ug), _mm_mulhi_epi16(cv, vg));
        chroma lo = {_mm_unpacklo_epi16(r, r), _mm_unpacklo_epi16(g, g), _mm_unpacklo_epi16(b, b)};
        chroma hi = {_mm_unpackhi_epi16(r, r), _mm_unpackhi_epi16(g, g), _mm_unpackhi_epi16(b, b)};
        for (int row = 0; row < 2; row++) {
            const uint8_t *y = row ? y1 : y0;
            if (!y) break;
            // A luma byte in the high half, times the gain, keeps the high 16 bits: y * luma / 256.
            __m128i line = _mm_loadu_si128((const __m128i *)(const void *)(y + x));
            __m128i a = _mm_add_epi16(_mm_mulhi_epu16(_mm_unpacklo_epi8(zero, line), luma), offset);
            __m128i c = _mm_add_epi16(_mm_mulhi_epu16(_mm_unpackhi_epi8(zero, line), luma), offset);
            store16(a, c, &lo, &hi, (row ? out1 : out0) + 4 * x);
        }
    }
    return x;
}
#endif

void cr_yuv_to_bgrx(const cr_yuv *p, const cr_matrix *m, uint8_t *out, ptrdiff_t out_stride) {
    int step = p->v ? 1 : 2;
    for (int row = 0; row < p->height; row += 2) {
        bool pair = row + 1 < p->height;
        const uint8_t *y0 = p->y + row * p->y_stride, *y1 = pair ? y0 + p->y_stride : NULL;
        const uint8_t *u = p->u + row / 2 * p->u_stride;
        const uint8_t *v = p->v ? p->v + row / 2 * p->v_stride : NULL;
        uint8_t *out0 = out + row * out_stride, *out1 = out0 + out_stride;
        int done = 0;
#if defined(__SSE2__)
        done = rows_sse2(y0, y1, u, v, p->width, m, out0, out1);
#endif
        const uint8_t *v_or_pair = v ? v : u + 1;
        row_scalar(y0, u, v_or_pair, step, done, p->width, m, out0);
        if (pair) row_scalar(y1, u, v_or_pair, step, done, p->width, m, out1);
    }
}
