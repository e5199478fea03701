// Free what lies beside a moving thing from its motion, which patches and smoothness spread.
//
// Each pixel takes the flow of the one of AROUND that explains it best; compare the propagation of
// PatchMatch (Barnes et al. 2009).

#include "detach.h"

enum { CANDIDATES = 4 };

// Right and down, px at the size of flows: a pixel itself, and those whose flow it may take, on three
// sides of it. Things that move drag along what lies up to 3 px beside them.
static const int AROUND[CANDIDATES][2] = {{0, 0}, {7, 0}, {-3, 6}, {-3, -6}};

static const float SAME_PX = 0.02f;  // flows nearer to each other than that explain the same

// Difference, of 255, beyond which pixels have nothing to do with each other.
static const float MOST_UNLIKE = 30;

// How much better, of 255, another's flow must explain a pixel than its own.
static const float MARGIN_OF_OWN = 0.7f;

// How unlike the pictures are around a pixel of `here` and where a flow leads from there, of 255:
// 4 by 4 px, the middle ones counting twice in either direction. In px of these pictures.
static float unlikeness(Plane here, Plane there, int x, int y, float right, float down) {
    static const Eight across = {1, 2, 2, 1, 0, 0, 0, 0};
    static const float along[4] = {1, 2, 2, 1};
    const float at_x = clamped((float)(x - 1) + right, 1 - MARGIN, (float)(there.width + MARGIN - 10));
    const float at_y = clamped((float)(y - 1) + down, 1 - MARGIN, (float)(there.height + MARGIN - 6));
    const float left = floorf(at_x), top = floorf(at_y), fx = at_x - left, fy = at_y - top;
    const float *from = row_of(there, (int)top) + (int)left, *to = row_of(here, y - 1) + x - 1;
    Eight total = {0}, above = load(from) + (load(from + 1) - load(from)) * fx;
    for (int row = 0; row < 4; row++) {
        from += there.stride;
        const Eight below = load(from) + (load(from + 1) - load(from)) * fx;
        const Eight off = above + (below - above) * fy - load(to + row * here.stride);
        total += __builtin_elementwise_abs(off) * along[row];
        above = below;
    }
    total *= across;
    return (total[0] + total[1] + total[2] + total[3]) / 36;
}

// The place of the pixel whose flow may be taken at (x, y); -1 where it lies outside.
static inline int place_around(int x, int y, int which, int width, int height) {
    const int from_x = x - AROUND[which][0], from_y = y - AROUND[which][1];
    return from_x < 0 || from_x >= width || from_y < 0 || from_y >= height ? -1 : from_y * width + from_x;
}

// here, there: the pictures between which the flow was estimated, about twice as large.
// flow: (2, height, width), px right and px down at its own size; is changed. Two by two pixels take
// theirs from the same side.
void detach(Plane here, Plane there, float *flow, int width, int height, Arena arena) {
    const size_t pixels = (size_t)width * (size_t)height;
    const float longer = (float)here.width / (float)width, taller = (float)here.height / (float)height;
    float *right = taken(&arena, 2 * pixels * sizeof(float)), *down = right + pixels;
    memcpy(right, flow, 2 * pixels * sizeof(float));
    for (int y = 0; y < height; y += 2)
        for (int x = 0; x < width; x += 2) {
            const int at = y * width + x;
            const int fine_x = (int)((float)x * longer) + 1, fine_y = (int)((float)y * taller) + 1;
            float best = -1;
            int from_which = 0;
            for (int k = 1; k < CANDIDATES; k++) {
                const int from = place_around(x, y, k, width, height);
                if (from < 0) continue;
                const float apart = fmaxf(fabsf(right[from] - right[at]), fabsf(down[from] - down[at]));
                if (apart < SAME_PX) continue;
                if (best < 0)
                    best = fminf(MOST_UNLIKE, unlikeness(here, there, fine_x, fine_y, right[at] * longer, down[at] * taller));
                const float unlike = unlikeness(here, there, fine_x, fine_y, right[from] * longer, down[from] * taller);
                if (unlike < best - (from_which ? 0 : MARGIN_OF_OWN)) best = unlike, from_which = k;
            }
            if (!from_which) continue;
            for (int row = y; row < least(y + 2, height); row++)
                for (int column = x; column < least(x + 2, width); column++) {
                    const int from = place_around(column, row, from_which, width, height);
                    if (from < 0) continue;
                    flow[row * width + column] = right[from];
                    flow[pixels + (size_t)(row * width + column)] = down[from];
                }
        }
}
