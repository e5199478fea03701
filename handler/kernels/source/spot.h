// Numbers of a plane between its pixels.

#pragma once

#include "plane.h"

// A place among four pixels, or on the border: the pixel above and left of it, how far it is from
// there to the others, and their shares.
typedef struct {
    int32_t at, right, below;
    float to_right, to_below;
} Spot;

// Places beyond a border are taken to it. stride: from row to row of the planes.
static inline Spot spot_at(float x, float y, int width, int height, int stride) {
    const float px = clamped(x, 0, (float)(width - 1)), py = clamped(y, 0, (float)(height - 1));
    const int left = (int)px, top = (int)py;
    return (Spot){
        top * stride + left, left + 1 < width, top + 1 < height ? stride : 0, px - (float)left, py - (float)top,
    };
}

static inline float at_spot(const float *plane, Spot spot) {
    const float *first = plane + spot.at, *next = first + spot.below;
    const float above = first[0] + (first[spot.right] - first[0]) * spot.to_right;
    const float below = next[0] + (next[spot.right] - next[0]) * spot.to_right;
    return above + (below - above) * spot.to_below;
}

// Places of a row rounded to 1/64 px inside of a picture: whole px and the rest, as from + step * x
// and what a way adds to that, and `far` at most.
static inline void places(const float *off, float from, float step, float far, int count, int32_t *at) {
    INDEPENDENT
    for (int x = 0; x < count; x++) at[x] = (int32_t)(clamped(from + step * (float)x + off[x], 0, far) * 64 + 0.5f);
}
