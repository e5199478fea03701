// Variational refinement of a flow: brightness and gradients stay, neighbours move alike.
//
// Source: Brox et al. 2004, High Accuracy Optical Flow Estimation Based on a Theory for Warping;
// its constraints normalised by their gradients as in Zimmer et al. 2011, Optic Flow in Harmony,
// solved by red-black successive over-relaxation, in which a pixel has four neighbours of the other
// colour. Departure: one linearisation, at the flow that is given; the weights of the robust
// functions are computed anew ITERATIONS times.
//
// While it is solved every plane is kept split: the pixels of a row at even x, then those at odd x.
// The neighbours of eight pixels of one colour then lie side by side.

#include "refine.h"
#include "spot.h"

static const float EPSILON2 = 0.01f * 0.01f;  // of the robust function sqrt(s^2 + epsilon^2)
static const float ZETA2 = 0.1f * 0.1f;       // added to squared gradients, which may be nought
static const float OVER_RELAXATION = 1.6f;
static const float SMOOTHNESS = 10, CONSTANT_BRIGHTNESS = 2.5f, CONSTANT_GRADIENT = 5;  // their weights
enum { ITERATIONS = 5, SWEEPS = 5 };

enum {
    RIGHT, DOWN,                    // the flow, px
    TO_RIGHT, TO_DOWN,              // how much a pixel is bound to the one right of it, below it
    INVERSE_XX, XY, INVERSE_YY,     // of the equations' matrix
    SUM_X, SUM_Y,                   // their right sides
    BRIGHTNESS,                     // three constraints of three numbers each: a x + b y + c = 0
    GRADIENT_X = BRIGHTNESS + 3,
    GRADIENT_Y = GRADIENT_X + 3,
    FIELDS = GRADIENT_Y + 3,
};

// Split planes of one size; a half row has eight numbers of room on its left and on its right.
typedef struct {
    int width, height, half;
    float *memory;
} Split;

static inline size_t half_of(int width) { return (size_t)((width + 1) / 2 + 7) / 8 * 8 + 16; }

static inline float *half_row(Split split, int field, int y, int parity) {
    const size_t row = (size_t)field * (size_t)(split.height + 2) + (size_t)(y + 1);
    return split.memory + (row * 2 + (size_t)parity) * (size_t)split.half + 8;
}

static inline int count_of(Split split, int parity) { return (split.width + 1 - parity) / 2; }

static inline int ends_row(Split split, int parity) { return (split.width - 1) % 2 == parity; }

size_t refinement_bytes(int width, int height) {
    const size_t rows = (size_t)FIELDS * (size_t)(height + 2) * 2;
    return rows * half_of(width) * sizeof(float) + 6 * plane_bytes(width, height) + 64;
}

static void split_row(const float *restrict from, float *restrict even, float *restrict odd, int width) {
    INDEPENDENT
    for (int k = 0; k < width / 2; k++) {
        even[k] = from[2 * k];
        odd[k] = from[2 * k + 1];
    }
    if (width % 2) even[width / 2] = from[width - 1];
}

static void joined_row(float *restrict to, const float *restrict even, const float *restrict odd, int width) {
    INDEPENDENT
    for (int k = 0; k < width / 2; k++) {
        to[2 * k] = even[k];
        to[2 * k + 1] = odd[k];
    }
    if (width % 2) to[width - 1] = even[width / 2];
}

// What `there` shows where the flow leads, between its pixels.
static void warp(Plane there, Plane right, Plane down, Plane warped) {
    for (int y = 0; y < there.height; y++) {
        const float *restrict dx = row_of(right, y), *restrict dy = row_of(down, y);
        float *restrict to = row_of(warped, y);
        INDEPENDENT
        for (int x = 0; x < there.width; x++) {
            to[x] = at_spot(there.at, spot_at((float)x + dx[x], (float)y + dy[x], there.width, there.height, there.stride));
        }
    }
}

// Half of the difference of the neighbours on both sides, `step` apart.
static inline float slope(const float *at, ptrdiff_t step) { return 0.5f * (at[step] - at[-step]); }

// A row of a x + b y + c = 0, for the change of the flow (u, v); a, b and c are working room.
typedef struct {
    Split split;
    int y;
    float *terms[3];
    const float *u, *v;
} Constraint;

// Put it down for the whole flow, normalised by its gradient.
static void add_constraint(Constraint row, int field) {
    float *a = row.terms[0], *b = row.terms[1], *c = row.terms[2];
    const float *u = row.u, *v = row.v;
    INDEPENDENT
    for (int x = 0; x < row.split.width; x++) {
        const float scale = 1.0f / sqrtf(a[x] * a[x] + b[x] * b[x] + ZETA2);
        c[x] = scale * (c[x] - a[x] * u[x] - b[x] * v[x]);
        a[x] *= scale;
        b[x] *= scale;
    }
    for (int k = 0; k < 3; k++) {
        float *even = half_row(row.split, field + k, row.y, 0), *odd = half_row(row.split, field + k, row.y, 1);
        split_row(row.terms[k], even, odd, row.split.width);
    }
}

// The constraints at the flow that is given, for the whole flow rather than for its change.
static void constrain(Split split, Plane here, Plane there, Plane right, Plane down, Arena arena) {
    const int width = here.width, height = here.height;
    Plane mean = plane_of(&arena, width, height), change = plane_of(&arena, width, height);
    Plane across = plane_of(&arena, width, height), along = plane_of(&arena, width, height);
    warp(there, right, down, change);
    for (int y = 0; y < height; y++) {
        const float *restrict one = row_of(here, y);
        float *restrict off = row_of(change, y), *restrict middle = row_of(mean, y);
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            middle[x] = 0.5f * (one[x] + off[x]);
            off[x] -= one[x];
        }
    }
    repeat_border(mean);
    repeat_border(change);
    for (int y = 0; y < height; y++) {
        const float *at = row_of(mean, y);
        float *restrict dx = row_of(across, y), *restrict dy = row_of(along, y);
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            dx[x] = slope(at + x, 1);
            dy[x] = slope(at + x, mean.stride);
        }
    }
    repeat_border(across);
    repeat_border(along);
    float *rows[3];
    for (int k = 0; k < 3; k++) rows[k] = taken(&arena, sizeof(float) * (size_t)(width + 16));
    for (int y = 0; y < height; y++) {
        const float *u = row_of(right, y), *v = row_of(down, y);
        const float *dx = row_of(across, y), *dy = row_of(along, y), *off = row_of(change, y);
        const ptrdiff_t stride = mean.stride;
        Constraint row = {split, y, {rows[0], rows[1], rows[2]}, u, v};
        INDEPENDENT
        for (int x = 0; x < width; x++) rows[0][x] = dx[x], rows[1][x] = dy[x], rows[2][x] = off[x];
        add_constraint(row, BRIGHTNESS);
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            rows[0][x] = slope(dx + x, 1);
            rows[1][x] = slope(dx + x, stride);
            rows[2][x] = slope(off + x, 1);
        }
        add_constraint(row, GRADIENT_X);
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            rows[0][x] = slope(dx + x, stride);
            rows[1][x] = slope(dy + x, stride);
            rows[2][x] = slope(off + x, stride);
        }
        add_constraint(row, GRADIENT_Y);
    }
}

// 1 / sqrt(number) to 5e-6 of itself, the same on every processor: a guess from its exponent and two
// steps of Newton's method. Source: Lomont 2003, Fast Inverse Square Root.
static inline float inverse_root(float number) {
    union { float number; uint32_t bits; } guess = {number};
    guess.bits = 0x5f375a86u - (guess.bits >> 1);
    const float half = 0.5f * number;
    const float nearer = guess.number * (1.5f - half * guess.number * guess.number);
    return nearer * (1.5f - half * nearer * nearer);
}

// How much each pixel of a row is bound to the next one and to the one below.
static void bind_row(Split split, int y) {
    for (int parity = 0; parity < 2; parity++) {
        const int count = count_of(split, parity);
        const float *restrict u = half_row(split, RIGHT, y, parity);
        const float *restrict v = half_row(split, DOWN, y, parity);
        if (ends_row(split, parity)) {  // what lies right of the last one moves like it
            half_row(split, RIGHT, y, !parity)[count - 1 + parity] = u[count - 1];
            half_row(split, DOWN, y, !parity)[count - 1 + parity] = v[count - 1];
        }
        const float *restrict next_u = half_row(split, RIGHT, y, !parity) + parity;
        const float *restrict next_v = half_row(split, DOWN, y, !parity) + parity;
        const int below = least(y + 1, split.height - 1);
        const float *restrict low_u = half_row(split, RIGHT, below, parity);
        const float *restrict low_v = half_row(split, DOWN, below, parity);
        float *restrict to_right = half_row(split, TO_RIGHT, y, parity);
        float *restrict to_down = half_row(split, TO_DOWN, y, parity);
        const float falls = y + 1 < split.height;
        INDEPENDENT
        for (int k = 0; k < count; k++) {
            const float ux = next_u[k] - u[k], vx = next_v[k] - v[k];
            const float uy = low_u[k] - u[k], vy = low_v[k] - v[k];
            const float weight = SMOOTHNESS * inverse_root(ux * ux + vx * vx + uy * uy + vy * vy + EPSILON2);
            to_right[k] = weight;
            to_down[k] = weight * falls;
        }
        if (ends_row(split, parity)) to_right[count - 1] = 0;
    }
}

// The equations of a row, from what binds it and from the constraints' robust weights.
static void equate_row(Split split, int y) {
    for (int parity = 0; parity < 2; parity++) {
        const int count = count_of(split, parity);
#define FIELD(name, field) const float *restrict name = half_row(split, field, y, parity)
        FIELD(u, RIGHT);
        FIELD(v, DOWN);
        FIELD(to_right, TO_RIGHT);
        FIELD(to_down, TO_DOWN);
        FIELD(a, BRIGHTNESS);
        FIELD(b, BRIGHTNESS + 1);
        FIELD(c, BRIGHTNESS + 2);
        FIELD(ax, GRADIENT_X);
        FIELD(bx, GRADIENT_X + 1);
        FIELD(cx, GRADIENT_X + 2);
        FIELD(ay, GRADIENT_Y);
        FIELD(by, GRADIENT_Y + 1);
        FIELD(cy, GRADIENT_Y + 2);
#undef FIELD
        const float *restrict from_left = half_row(split, TO_RIGHT, y, !parity) + parity - 1;
        const float *restrict from_above = half_row(split, TO_DOWN, y - 1, parity);
        float *restrict xx = half_row(split, INVERSE_XX, y, parity);
        float *restrict xy = half_row(split, XY, y, parity);
        float *restrict yy = half_row(split, INVERSE_YY, y, parity);
        float *restrict sum_x = half_row(split, SUM_X, y, parity);
        float *restrict sum_y = half_row(split, SUM_Y, y, parity);
        INDEPENDENT
        for (int k = 0; k < count; k++) {
            const float off = a[k] * u[k] + b[k] * v[k] + c[k];
            const float off_x = ax[k] * u[k] + bx[k] * v[k] + cx[k];
            const float off_y = ay[k] * u[k] + by[k] * v[k] + cy[k];
            const float w = CONSTANT_BRIGHTNESS * inverse_root(off * off + EPSILON2);
            const float g = CONSTANT_GRADIENT * inverse_root(off_x * off_x + off_y * off_y + EPSILON2);
            const float bound = to_right[k] + to_down[k] + from_left[k] + from_above[k];
            const float m11 = w * a[k] * a[k] + g * (ax[k] * ax[k] + ay[k] * ay[k]) + ZETA2 + bound;
            const float m22 = w * b[k] * b[k] + g * (bx[k] * bx[k] + by[k] * by[k]) + ZETA2 + bound;
            const float inverse = 1.0f / (m11 * m22);
            xx[k] = m22 * inverse;
            yy[k] = m11 * inverse;
            xy[k] = w * a[k] * b[k] + g * (ax[k] * bx[k] + ay[k] * by[k]);
            sum_x[k] = ZETA2 * u[k] - w * a[k] * c[k] - g * (ax[k] * cx[k] + ay[k] * cy[k]);
            sum_y[k] = ZETA2 * v[k] - w * b[k] * c[k] - g * (bx[k] * cx[k] + by[k] * cy[k]);
        }
    }
}

// Solve the equations of every other pixel of a row for these pixels.
static void relax_row(Split split, int y, int parity) {
    const int count = count_of(split, parity);
    float *restrict u = half_row(split, RIGHT, y, parity), *restrict v = half_row(split, DOWN, y, parity);
#define FIELD(name, field, y, parity) const float *restrict name = half_row(split, field, y, parity)
    FIELD(to_right, TO_RIGHT, y, parity);
    FIELD(to_down, TO_DOWN, y, parity);
    FIELD(xx, INVERSE_XX, y, parity);
    FIELD(xy, XY, y, parity);
    FIELD(yy, INVERSE_YY, y, parity);
    FIELD(sum_x, SUM_X, y, parity);
    FIELD(sum_y, SUM_Y, y, parity);
    FIELD(from_above, TO_DOWN, y - 1, parity);
    FIELD(high_u, RIGHT, y - 1, parity);
    FIELD(high_v, DOWN, y - 1, parity);
    FIELD(low_u, RIGHT, y + 1, parity);
    FIELD(low_v, DOWN, y + 1, parity);
    FIELD(side_u, RIGHT, y, !parity);
    FIELD(side_v, DOWN, y, !parity);
    FIELD(side_to_right, TO_RIGHT, y, !parity);
#undef FIELD
    const float *from_left = side_to_right + parity - 1;
    const float *left_u = side_u + parity - 1, *left_v = side_v + parity - 1;
    const float *next_u = side_u + parity, *next_v = side_v + parity;
    INDEPENDENT
    for (int k = 0; k < count; k++) {
        const float pull_u = from_left[k] * left_u[k] + to_right[k] * next_u[k] +
                             from_above[k] * high_u[k] + to_down[k] * low_u[k] + sum_x[k];
        const float pull_v = from_left[k] * left_v[k] + to_right[k] * next_v[k] +
                             from_above[k] * high_v[k] + to_down[k] * low_v[k] + sum_y[k];
        const float moved = u[k] + OVER_RELAXATION * ((pull_u - xy[k] * v[k]) * xx[k] - u[k]);
        v[k] += OVER_RELAXATION * ((pull_v - xy[k] * moved) * yy[k] - v[k]);
        u[k] = moved;
    }
}

// Sweeps over the pixels of one colour and of the other in turn. Each sweep follows the one before
// it by a row, so that what a row needs is still near the processor: the same numbers as one sweep
// after the other.
static void relax(Split split) {
    for (int front = 0; front < split.height + 2 * SWEEPS - 1; front++)
        for (int sweep = 0; sweep < 2 * SWEEPS; sweep++) {
            const int y = front - sweep;
            if (y >= 0 && y < split.height) relax_row(split, y, (y + sweep) % 2);
        }
}

// Refine a flow from `here` to `there`, whose borders are repeated in their margins.
void refine(Plane here, Plane there, Plane right, Plane down, Arena arena) {
    const int width = here.width, height = here.height;
    const size_t half = half_of(width), bytes = (size_t)FIELDS * (size_t)(height + 2) * 2 * half * sizeof(float);
    Split split = {width, height, (int)half, taken(&arena, bytes)};
    for (int field = 0; field < BRIGHTNESS; field++) {  // margins count as nought
        const size_t row = 2 * half * sizeof(float);
        memset(half_row(split, field, -1, 0) - 8, 0, row * (size_t)(height + 2));
    }
    constrain(split, here, there, right, down, arena);
    for (int y = 0; y < height; y++) {
        split_row(row_of(right, y), half_row(split, RIGHT, y, 0), half_row(split, RIGHT, y, 1), width);
        split_row(row_of(down, y), half_row(split, DOWN, y, 0), half_row(split, DOWN, y, 1), width);
    }
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
        for (int y = 0; y < height; y++) {
            bind_row(split, y);
            equate_row(split, y);
        }
        relax(split);
    }
    for (int y = 0; y < height; y++) {
        joined_row(row_of(right, y), half_row(split, RIGHT, y, 0), half_row(split, RIGHT, y, 1), width);
        joined_row(row_of(down, y), half_row(split, DOWN, y, 0), half_row(split, DOWN, y, 1), width);
    }
}
