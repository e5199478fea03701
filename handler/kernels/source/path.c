// Ways over several frames, composed of the flows from frame to frame.

#include "spot.h"

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
        const float *right = out + (ptrdiff_t)y * width, *down = right + pixels;
        float *to_right = path + (ptrdiff_t)y * width, *to_down = to_right + pixels, *to_trust = to_down + pixels;
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            const float at_x = (float)x + right[x], at_y = (float)y + down[x];
            const Spot next = spot_at(at_x, at_y, width, height, width);
            const float miss_x = right[x] + at_spot(back, next), miss_y = down[x] + at_spot(back + pixels, next);
            const float missed = (miss_x * miss_x + miss_y * miss_y) * (1 / (UNSURE_PX * UNSURE_PX));
            const int is_inside = at_x >= -1 && at_x <= (float)width && at_y >= -1 && at_y <= (float)height;
            const float trust = is_inside ? fading(missed) : 0;
            to_right[x] = on ? right[x] + at_spot(on, next) : right[x];
            to_down[x] = on ? down[x] + at_spot(on + pixels, next) : down[x];
            to_trust[x] = on ? trust * at_spot(on + 2 * pixels, next) : trust;
        }
    }
}
