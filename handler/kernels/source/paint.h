// Paint as it is carried: luma, in which fine texture is seen, apart from two differences of colour.

#pragma once

#include "plane.h"

enum { BORDER = 8 };  // px around each plane in which its border is repeated

// Bytes of one picture: luma; for each pixel its blue-difference and its red-difference.
typedef struct {
    int width, height, luma_stride, chroma_stride;
    uint8_t *luma, *chroma;  // their first pixels
} Paint;

static inline size_t paint_bytes(int width, int height) {
    return 3 * (size_t)(width + 2 * BORDER) * (size_t)(height + 2 * BORDER) + 64;
}

static inline Paint paint_at(uint8_t *bytes, int width, int height) {
    const int stride = width + 2 * BORDER;
    uint8_t *luma = bytes + (ptrdiff_t)BORDER * stride + BORDER;
    uint8_t *chroma = bytes + (ptrdiff_t)stride * (height + 2 * BORDER) + 2 * ((ptrdiff_t)BORDER * stride + BORDER);
    return (Paint){width, height, stride, 2 * stride, luma, chroma};
}

// Repeat the borders of both planes in `reach` pixels around them.
void repeat_around(Paint paint, int reach);

void measure_grain(Paint paint, int to_width, int to_height, float *grain, Arena arena);
size_t grain_bytes(int width, int to_width, int to_height);
