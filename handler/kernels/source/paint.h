// Paint as it is carried: luma at full size, two differences of colour at half.

#pragma once

#include "plane.h"

enum { BORDER = 8 };  // px around each plane in which its border is repeated

// Bytes of one picture: luma, then blue-difference and red-difference in turn.
typedef struct {
    int width, height, luma_stride, chroma_stride;
    uint8_t *luma, *chroma;  // their first pixels
} Paint;

static inline int half_up(int side) { return (side + 1) / 2; }

static inline size_t paint_bytes(int width, int height) {
    const size_t luma = (size_t)(width + 2 * BORDER) * (size_t)(height + 2 * BORDER);
    const size_t chroma = (size_t)(2 * half_up(width) + 4 * BORDER) * (size_t)(half_up(height) + 2 * BORDER);
    return luma + chroma + 64;
}

static inline Paint paint_at(uint8_t *bytes, int width, int height) {
    Paint paint = {width, height, width + 2 * BORDER, 2 * half_up(width) + 4 * BORDER, NULL, NULL};
    paint.luma = bytes + (ptrdiff_t)BORDER * paint.luma_stride + BORDER;
    paint.chroma = bytes + (ptrdiff_t)paint.luma_stride * (height + 2 * BORDER) +
                   (ptrdiff_t)BORDER * paint.chroma_stride + 2 * BORDER;
    return paint;
}

void measure_grain(Paint paint, int to_width, int to_height, float *grain, Arena arena);
size_t grain_bytes(int width, int to_width, int to_height);
