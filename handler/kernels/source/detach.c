// Free what lies beside a moving thing from its motion, which patches and smoothness spread.
//
// Each pixel takes the flow of the one of AROUND that explains it best; compare the propagation of
// PatchMatch (Barnes et al. 2009).

#include "detach.h"

enum { CANDIDATES = 4 };

// Right and down, px at the size of flows: a pixel itself, and those whose flow it may take, on three
// sides of it. Things that move drag along what lies up to 3 px beside them.
static const int AROUND[CANDIDATES][2] = {{0, 0}, {7, 0}, {-3, 6}, {-3, -6}};

static const float SAME_PX = 0.02f; // flows nearer to each other than that explain the same

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

// Which of AROUND each pixel should take its flow from. Two by two pixels go together.
static void choose(Plane here, Plane there, const float *flow, int width, int height, uint8_t *chosen) {
    const float *right = flow, *down = flow + (size_t)width * (size_t)height;
    const float longer = (float)here.width / (float)width, taller = (float)here.height / (float)height;
    for (int y = 0; y < height; y += 2)
        for (int x = 0; x < width; x += 2) {
            const int at = y * width + x;
            const int fine_x = (int)((float)x * longer) + 1, fine_y = (int)((float)y * taller) + 1;
            float best = -1;
            uint8_t from_which = 0;
            for (int k = 1; k < CANDIDATES; k++) {
                const int from_x = x - AROUND[k][0], from_y = y - AROUND[k][1];
                if (from_x < 0 || from_x >= width || from_y < 0 || from_y >= height) continue;
                const int from = from_y * width + from_x;
                const float apart = fmaxf(fabsf(right[from] - right[at]), fabsf(down[from] - down[at]));
                if (apart < SAME_PX) continue;
                if (best < 0)
                    best = fminf(MOST_UNLIKE, unlikeness(here, there, fine_x, fine_y, right[at] * longer, down[at] * taller));
                const float unlike = unlikeness(here, there, fine_x, fine_y, right[from] * longer, down[from] * taller);
                if (unlike < best - (from_which ? 0 : MARGIN_OF_OWN)) best = unlike, from_which = (uint8_t)k;
            }
            for (int row = y; row < least(y + 2, height); row++)
                for (int column = x; column < least(x + 2, width); column++) chosen[row * width + column] = from_which;
        }
}

// here, there: the pictures between which the flow was estimated, about twice as large.
// flow: (2, height, width), px right and px down at its own size; is changed.
void detach(Plane here, Plane there, float *flow, int width, int height, Arena arena) {
    const size_t pixels = (size_t)width * (size_t)height;
    uint8_t *chosen = taken(&arena, pixels);
    float *old = taken(&arena, 2 * pixels * sizeof(float));
    choose(here, there, flow, width, height, chosen);
    memcpy(old, flow, 2 * pixels * sizeof(float));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int at = y * width + x, k = chosen[at];
            if (!k) continue;
            const int from_x = x - AROUND[k][0], from_y = y - AROUND[k][1];
            if (from_x < 0 || from_x >= width || from_y < 0 || from_y >= height) continue;
            flow[at] = old[from_y * width + from_x];
            flow[pixels + (size_t)at] = old[pixels + (size_t)(from_y * width + from_x)];
        }
}
