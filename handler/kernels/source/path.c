// Ways over several frames, composed of the flows from frame to frame.

#include "plane.h"

// A way forth and back that misses its start by this much, px, is trusted by 1/e. Ruder et al. 2016
// cut at 0.7 px of a frame four times as large; paint forgives more than a measurement.
static const float UNSURE_PX = 0.6f;

// exp(-number) for numbers from 0 on, to 1e-4: (1 - number / 256)^256.
static inline float fading(float number) {
    float left = fmaxf(0, 1 - number * (1.0f / 256));
    for (int k = 0; k < 8; k++) left *= left;
    return left;
}

// Go one frame further: from a frame along `out` to the next one, and on from there.
//
// out, back: float32 (2, height, width), flow to the next frame and from it, px right and down.
// on: float32 (3, height, width), from the next frame the way to the end and the trust in it; NULL
// where the next frame is the end.
// path: float32 (3, height, width), the same from this frame; written. The trust in a flow is how
// well it comes back (Sundaram et al. 2010, Dense Point Trajectories by GPU-accelerated Large
// Displacement Optical Flow); ways that leave the picture have none.
EXPORT void artreel_compose(const float *out, const float *back, int width, int height, const float *on, float *path) {
    const ptrdiff_t pixels = (ptrdiff_t)width * height;
    for (int y = 0; y < height; y++) {
        const ptrdiff_t row = (ptrdiff_t)y * width;
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            const float right = out[row + x], down = out[row + x + pixels];
            const float at_x = (float)x + right, at_y = (float)y + down;
            const float px = clamped(at_x, 0, (float)(width - 1)), py = clamped(at_y, 0, (float)(height - 1));
            const int left = (int)px, top = (int)py;
            const float fx = px - (float)left, fy = py - (float)top;
            const ptrdiff_t a = (ptrdiff_t)top * width + left, b = a + (left + 1 < width);
            const ptrdiff_t step = top + 1 < height ? width : 0;
#define BETWEEN(plane, k)                                                                                   \
    ((1 - fy) * ((1 - fx) * plane[a + k * pixels] + fx * plane[b + k * pixels]) +                            \
     fy * ((1 - fx) * plane[a + step + k * pixels] + fx * plane[b + step + k * pixels]))
            const float miss_x = right + BETWEEN(back, 0), miss_y = down + BETWEEN(back, 1);
            const float missed = (miss_x * miss_x + miss_y * miss_y) * (1 / (UNSURE_PX * UNSURE_PX));
            const int is_inside = at_x >= -1 && at_x <= (float)width && at_y >= -1 && at_y <= (float)height;
            const float trust = is_inside ? fading(missed) : 0;
            path[row + x] = on ? right + BETWEEN(on, 0) : right;
            path[row + x + pixels] = on ? down + BETWEEN(on, 1) : down;
            path[row + x + 2 * pixels] = on ? trust * BETWEEN(on, 2) : trust;
#undef BETWEEN
        }
    }
}
