// Dense optical flow between two pictures, in both directions.
//
// Source: Kroeger et al. 2016, Fast Optical Flow using Dense Inverse Search, arXiv 1603.03590:
// patches are searched by inverse compositional gradient descent from coarse to fine, averaged where
// they overlap by how well they fit, and refined variationally. As in OpenCV's implementation a patch
// may also begin with the flow of its neighbours, those before it and then those behind it. Patches
// are compared without their means.

#include "detach.h"
#include "refine.h"
#include "stretch.h"

// Part of a step of gradient descent that is taken: less follows noise less, and what is left to
// gain is the refinement's.
static const float STEP = 0.125f;

static const float SAME_PX = 0.05f;  // flows nearer to each other than that need no comparison

enum { PATCH = 8, PASSES = 2, MOST_SCALES = 8 };
enum { STRIDE = 4, FINEST_STRIDE = 5 };  // px from patch to patch
enum { STEPS = 2 };                      // of gradient descent in each pass
enum { BAND = 4 };                       // rows of patches within which flows are handed on up and down; farther they do harm

// A grid of patches: of each its flow and what its gradients sum up to.
typedef struct {
    int columns, rows, stride;
    float *right, *down;
} Patches;

static inline int count_along(int side, int stride) {
    return (side - PATCH + stride - 1) / stride + 1;
}

// Where the patch begins; the last one ends with the picture.
static inline int place(int number, int stride, int side) { return least(number * stride, side - PATCH); }

// A place in another picture, as its pixel above and left and the weights of four.
typedef struct {
    const float *at;
    Eight weights[4];
} Between;

static inline Between between(Plane picture, float x, float y) {
    x = clamped(x, 1 - PATCH, (float)(picture.width - 1));
    y = clamped(y, 1 - PATCH, (float)(picture.height - 1));
    const float left = floorf(x), top = floorf(y), fx = x - left, fy = y - top;
    const Eight one = {1, 1, 1, 1, 1, 1, 1, 1};
    return (Between){
        row_of(picture, (int)top) + (int)left,
        {one * ((1 - fx) * (1 - fy)), one * (fx * (1 - fy)), one * ((1 - fx) * fy), one * (fx * fy)},
    };
}

static inline Eight row_between(Between place, int stride, int row) {
    const float *at = place.at + (ptrdiff_t)row * stride;
    return place.weights[0] * load(at) + place.weights[1] * load(at + 1) +
           place.weights[2] * load(at + stride) + place.weights[3] * load(at + stride + 1);
}

static inline float sum(Eight numbers) {
    float total = 0;
    for (int k = 0; k < 8; k++) total += numbers[k];
    return total;
}

// How unlike a patch is what a flow makes of it: squared differences without their mean.
static float unlikeness(Plane here, Plane there, int x, int y, float right, float down) {
    const Between place = between(there, (float)x + right, (float)y + down);
    Eight total = {0}, squares = {0};
    for (int row = 0; row < PATCH; row++) {
        const Eight off = row_between(place, there.stride, row) - load(row_of(here, y + row) + x);
        total += off;
        squares += off * off;
    }
    const float mean = sum(total);
    return sum(squares) - mean * mean / (PATCH * PATCH);
}

// Gradient descent from a flow. A patch that leaves its surroundings keeps what it had.
static void descend(Plane here, Plane there, Plane across, Plane along, int x, int y, float *right, float *down) {
    Eight xx = {0}, xy = {0}, yy = {0}, total_x = {0}, total_y = {0};
    for (int row = 0; row < PATCH; row++) {
        const Eight dx = load(row_of(across, y + row) + x), dy = load(row_of(along, y + row) + x);
        xx += dx * dx, xy += dx * dy, yy += dy * dy, total_x += dx, total_y += dy;
    }
    const float sxx = sum(xx), sxy = sum(xy), syy = sum(yy), sx = sum(total_x), sy = sum(total_y);
    float determinant = sxx * syy - sxy * sxy;
    if (fabsf(determinant) < 0.001f) determinant = 0.001f;
    float u = *right, v = *down, before = INFINITY;
    for (int step = 0; step < STEPS; step++) {
        const Between place = between(there, (float)x + u, (float)y + v);
        Eight total = {0}, squares = {0}, by_x = {0}, by_y = {0};
        for (int row = 0; row < PATCH; row++) {
            const Eight off = row_between(place, there.stride, row) - load(row_of(here, y + row) + x);
            total += off, squares += off * off;
            by_x += off * load(row_of(across, y + row) + x);
            by_y += off * load(row_of(along, y + row) + x);
        }
        const float mean = sum(total) / (PATCH * PATCH);
        const float pull_x = sum(by_x) - mean * sx, pull_y = sum(by_y) - mean * sy;
        u -= STEP * (syy * pull_x - sxy * pull_y) / determinant;
        v -= STEP * (sxx * pull_y - sxy * pull_x) / determinant;
        const float unlike = sum(squares) - mean * mean * (PATCH * PATCH);
        if (unlike >= before) break;
        before = unlike;
    }
    const float moved_x = u - *right, moved_y = v - *down;
    if (moved_x * moved_x + moved_y * moved_y <= PATCH * PATCH) *right = u, *down = v;
}

// Take another flow for a patch's (u, v) where the patch is less unlike what that makes of it.
static void try_flow(Plane here, Plane there, int x, int y, float to_u, float to_v, float *u, float *v, float *best) {
    if (fmaxf(fabsf(to_u - *u), fabsf(to_v - *v)) < SAME_PX) return;
    const float unlike = unlikeness(here, there, x, y, to_u, to_v);
    if (unlike < *best) *best = unlike, *u = to_u, *v = to_v;
}

static void search(Plane here, Plane there, Plane across, Plane along, Plane right, Plane down, Patches patches, int is_finest) {
    for (int row = 0; row < patches.rows; row++)
        for (int column = 0; column < patches.columns; column++) {
            const int x = place(column, patches.stride, here.width), y = place(row, patches.stride, here.height);
            const int which = row * patches.columns + column;
            patches.right[which] = row_of(right, y + PATCH / 2)[x + PATCH / 2];
            patches.down[which] = row_of(down, y + PATCH / 2)[x + PATCH / 2];
        }
    for (int pass = 0; pass < PASSES; pass++) {
        const int count = patches.rows * patches.columns, back = pass % 2 ? 1 : -1;
        for (int number = 0; number < count; number++) {
            const int which = pass % 2 ? count - 1 - number : number;
            const int column = which % patches.columns, row = which / patches.columns;
            const int x = place(column, patches.stride, here.width), y = place(row, patches.stride, here.height);
            float *u = patches.right + which, *v = patches.down + which;
            float best = unlikeness(here, there, x, y, *u, *v);
            if (pass == 0 && is_finest) try_flow(here, there, x, y, 0, 0, u, v, &best);  // what stands still need not tremble
            const int is_beside = column + back >= 0 && column + back < patches.columns;
            const int is_below = row + back >= 0 && row + back < patches.rows && (row + back) / BAND == row / BAND;
            const int neighbours[2] = {is_beside ? back : 0, is_below ? back * patches.columns : 0};
            for (int k = 0; k < 2; k++) {
                const int other = neighbours[k];
                if (other) try_flow(here, there, x, y, u[other], v[other], u, v, &best);
            }
            descend(here, there, across, along, x, y, u, v);
        }
    }
}

// The mean of the flows of all patches over a pixel, those that explain it better counting more.
static void densify(Plane here, Plane there, Patches patches, Plane right, Plane down, Plane weight) {
    for (int y = 0; y < here.height; y++) {
        const size_t bytes = sizeof(float) * (size_t)here.width;
        memset(row_of(right, y), 0, bytes);
        memset(row_of(down, y), 0, bytes);
        memset(row_of(weight, y), 0, bytes);
    }
    const Eight one = {1, 1, 1, 1, 1, 1, 1, 1};
    for (int row = 0; row < patches.rows; row++)
        for (int column = 0; column < patches.columns; column++) {
            const int x = place(column, patches.stride, here.width), y = place(row, patches.stride, here.height);
            const int which = row * patches.columns + column;
            const Eight u = one * patches.right[which], v = one * patches.down[which];
            const Between at = between(there, (float)x + u[0], (float)y + v[0]);
            for (int k = 0; k < PATCH; k++) {
                const Eight off = row_between(at, there.stride, k) - load(row_of(here, y + k) + x);
                const Eight fits = one / __builtin_elementwise_max(one, __builtin_elementwise_abs(off));
                float *to_u = row_of(right, y + k) + x, *to_v = row_of(down, y + k) + x;
                float *to_weight = row_of(weight, y + k) + x;
                store(to_u, load(to_u) + fits * u);
                store(to_v, load(to_v) + fits * v);
                store(to_weight, load(to_weight) + fits);
            }
        }
    for (int y = 0; y < here.height; y++) {
        float *restrict u = row_of(right, y), *restrict v = row_of(down, y);
        const float *restrict w = row_of(weight, y);
        INDEPENDENT
        for (int x = 0; x < here.width; x++) {
            const float share = 1.0f / w[x];
            u[x] *= share;
            v[x] *= share;
        }
    }
}

// A flow for a picture twice as large.
static void enlarge(Plane small, Plane large, Arena arena) {
    const Stretch across = stretch_of(&arena, small.width, large.width);
    Rows rows = rows_of(&arena, small.at, small.stride, small.height, across, large.height, 2);
    for (int y = 0; y < large.height; y++) next_row(&rows, y, row_of(large, y));
}

void repeat_border(Plane plane) {
    for (int y = 0; y < plane.height; y++) {
        float *row = row_of(plane, y);
        for (int k = 1; k <= MARGIN; k++) {
            row[-k] = row[0];
            row[plane.width - 1 + k] = row[plane.width - 1];
        }
    }
    const size_t bytes = sizeof(float) * (size_t)(plane.width + 2 * MARGIN);
    for (int k = 1; k <= MARGIN; k++) {
        memcpy(row_of(plane, -k) - MARGIN, row_of(plane, 0) - MARGIN, bytes);
        memcpy(row_of(plane, plane.height - 1 + k) - MARGIN, row_of(plane, plane.height - 1) - MARGIN, bytes);
    }
}

static Plane plane_from(const uint8_t *picture, int width, int height, Arena *arena) {
    Plane plane = plane_of(arena, width, height);
    for (int y = 0; y < height; y++) {
        const uint8_t *from = picture + (ptrdiff_t)y * width;
        float *to = row_of(plane, y);
        INDEPENDENT
        for (int x = 0; x < width; x++) to[x] = from[x];
    }
    repeat_border(plane);
    return plane;
}

static void halve(Plane large, Plane small) {
    for (int y = 0; y < small.height; y++) {
        const float *restrict high = row_of(large, 2 * y), *restrict low = row_of(large, 2 * y + 1);
        float *restrict to = row_of(small, y);
        INDEPENDENT
        for (int x = 0; x < small.width; x++)
            to[x] = 0.25f * (high[2 * x] + high[2 * x + 1] + low[2 * x] + low[2 * x + 1]);
    }
}

// Sobel's gradients, px^-1.
static void differentiate(Plane picture, Plane across, Plane along) {
    for (int y = 0; y < picture.height; y++) {
        const float *high = row_of(picture, y - 1), *at = row_of(picture, y), *low = row_of(picture, y + 1);
        float *restrict dx = row_of(across, y), *restrict dy = row_of(along, y);
        INDEPENDENT
        for (int x = 0; x < picture.width; x++) {
            dx[x] = 0.125f * (high[x + 1] - high[x - 1] + 2 * (at[x + 1] - at[x - 1]) + low[x + 1] - low[x - 1]);
            dy[x] = 0.125f * (low[x - 1] - high[x - 1] + 2 * (low[x] - high[x]) + low[x + 1] - high[x + 1]);
        }
    }
}

typedef struct {
    int scales;
    Plane at[MOST_SCALES];
} Pyramid;

// Scales, each half as large as the one before: the coarsest is about four patches wide.
static int scales_of(int width, int height) {
    const int by_long = (int)(log2f((float)most(width, height) / (4 * PATCH)) + 0.5f);
    const int by_short = (int)log2f((float)least(width, height) / PATCH);
    return most(1, least(MOST_SCALES, 1 + least(by_long, by_short)));
}

static Pyramid pyramid_of(const uint8_t *picture, int width, int height, Arena *arena) {
    Pyramid pyramid = {.scales = scales_of(width, height)};
    pyramid.at[0] = plane_from(picture, width, height, arena);
    for (int scale = 1; scale < pyramid.scales; scale++) {
        Plane plane = plane_of(arena, width >> scale, height >> scale);
        halve(pyramid.at[scale - 1], plane);
        repeat_border(plane);
        pyramid.at[scale] = plane;
    }
    return pyramid;
}

static void flow_of(const Pyramid *here, const Pyramid *there, float *to_right, float *to_down, Arena arena) {
    const int width = here->at[0].width, height = here->at[0].height;
    Plane across = plane_of(&arena, width, height), along = plane_of(&arena, width, height);
    Plane weight = plane_of(&arena, width, height);
    Plane right[2] = {plane_of(&arena, width, height), plane_of(&arena, width, height)};
    Plane down[2] = {plane_of(&arena, width, height), plane_of(&arena, width, height)};
    Patches patches;
    const size_t bytes = sizeof(float) * (size_t)(count_along(width, STRIDE) * count_along(height, STRIDE));
    patches.right = taken(&arena, bytes);
    patches.down = taken(&arena, bytes);
    for (int scale = here->scales - 1; scale >= 0; scale--) {
        const Plane one = here->at[scale], other = there->at[scale];
        Plane u = right[scale % 2], v = down[scale % 2];
        Plane *planes[] = {&across, &along, &weight, &u, &v};
        for (int k = 0; k < 5; k++) planes[k]->width = one.width, planes[k]->height = one.height;
        if (scale == here->scales - 1) {
            for (int y = 0; y < one.height; y++) {
                memset(row_of(u, y), 0, sizeof(float) * (size_t)one.width);
                memset(row_of(v, y), 0, sizeof(float) * (size_t)one.width);
            }
        } else {
            Plane coarse_u = right[(scale + 1) % 2], coarse_v = down[(scale + 1) % 2];
            coarse_u.width = coarse_v.width = here->at[scale + 1].width;
            coarse_u.height = coarse_v.height = here->at[scale + 1].height;
            enlarge(coarse_u, u, arena);
            enlarge(coarse_v, v, arena);
        }
        differentiate(one, across, along);
        patches.stride = scale ? STRIDE : FINEST_STRIDE;
        patches.columns = count_along(one.width, patches.stride);
        patches.rows = count_along(one.height, patches.stride);
        search(one, other, across, along, u, v, patches, scale == 0);
        densify(one, other, patches, u, v, weight);
        refine(one, other, u, v, arena);
    }
    for (int y = 0; y < height; y++) {
        memcpy(to_right + (ptrdiff_t)y * width, row_of(right[0], y), sizeof(float) * (size_t)width);
        memcpy(to_down + (ptrdiff_t)y * width, row_of(down[0], y), sizeof(float) * (size_t)width);
    }
}

// Flow from each of two pictures to the other.
//
// before, after: uint8 (height, width), both at least 24.
// fine_before, fine_after: the same pictures, uint8 (fine_height, fine_width), about twice as large.
// forward, backward: float32 (2, height, width), px right, then px down; written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_flow(
    const uint8_t *before, const uint8_t *after, int width, int height,
    const uint8_t *fine_before, const uint8_t *fine_after, int fine_width, int fine_height,
    float *forward, float *backward
) {
    Arena arena = {.size = 32 * plane_bytes(width, height) + refinement_bytes(width, height) +
                           2 * plane_bytes(fine_width, fine_height) + 65536};
    arena.memory = aligned_alloc(64, (arena.size + 63) / 64 * 64);
    if (!arena.memory) return -1;
    const Pyramid first = pyramid_of(before, width, height, &arena);
    const Pyramid second = pyramid_of(after, width, height, &arena);
    const Plane fine_first = plane_from(fine_before, fine_width, fine_height, &arena);
    const Plane fine_second = plane_from(fine_after, fine_width, fine_height, &arena);
    const size_t pixels = (size_t)width * (size_t)height;
    flow_of(&first, &second, forward, forward + pixels, arena);
    flow_of(&second, &first, backward, backward + pixels, arena);
    detach(fine_first, fine_second, forward, width, height, arena);
    detach(fine_second, fine_first, backward, width, height, arena);
    free(arena.memory);
    return 0;
}
