// Rows and planes brought to another size: between their numbers, or the nearest of them.

#pragma once

#include "plane.h"

// From where in a row of `from` numbers each of `to` numbers comes.
typedef struct {
    int from, to;
    int32_t *left, *right, *nearest;
    float *share;  // of the right one
} Stretch;

// Where number `at` of `to` lies among `from` numbers: that before it and the share of the next one.
static inline int place_of(int at, int from, int to, float *share) {
    const float middle = clamped(((float)at + 0.5f) * (float)from / (float)to - 0.5f, 0, (float)(from - 1));
    const int before = (int)middle;
    *share = middle - (float)before;
    return before;
}

static inline int nearest_of(int at, int from, int to) {
    return least(from - 1, (int)((float)at * ((float)from / (float)to)));
}

static inline size_t stretch_bytes(int to) { return 4 * (sizeof(float) * (size_t)to + 64); }

static inline Stretch stretch_of(Arena *arena, int from, int to) {
    const size_t bytes = sizeof(float) * (size_t)to;
    Stretch stretch = {from, to, taken(arena, bytes), taken(arena, bytes), taken(arena, bytes), taken(arena, bytes)};
    for (int x = 0; x < to; x++) {
        stretch.left[x] = place_of(x, from, to, stretch.share + x);
        stretch.right[x] = least(stretch.left[x] + 1, from - 1);
        stretch.nearest[x] = nearest_of(x, from, to);
    }
    return stretch;
}

// scale: by which the numbers grow.
static inline void stretch_row(Stretch stretch, const float *from, float *to, float scale) {
    const int32_t *left = stretch.left, *right = stretch.right;
    const float *share = stretch.share;
    int x = 0;
#ifdef WITH_AVX2
    // Where a row grows, eight numbers come from no more than nine.
    for (; stretch.to >= stretch.from && x + 8 <= stretch.to && left[x] + 9 <= stretch.from; x += 8) {
        const __m256i first = _mm256_set1_epi32(left[x]);
        const __m256i which = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(left + x)), first);
        const __m256 one = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + left[x]), which);
        const __m256 next = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + left[x] + 1), which);
        const __m256 between = _mm256_fmadd_ps(_mm256_sub_ps(next, one), _mm256_loadu_ps(share + x), one);
        _mm256_storeu_ps(to + x, _mm256_mul_ps(_mm256_set1_ps(scale), between));
    }
#endif
    INDEPENDENT
    for (; x < stretch.to; x++) {
        const float one = from[left[x]];
        to[x] = scale * (one + (from[right[x]] - one) * share[x]);
    }
}

// The rows of a plane at another size, one after the other from the top: each row of the plane is
// stretched once.
typedef struct {
    const float *plane;
    int stride, height, to_height, stretched[2];
    float scale, *rows[2];
    Stretch across;
} Rows;

static inline size_t rows_bytes(int to) { return 2 * (sizeof(float) * (size_t)to + 64); }

static inline Rows rows_of(Arena *arena, const float *plane, int stride, int height, Stretch across, int to_height, float scale) {
    const size_t bytes = sizeof(float) * (size_t)across.to;
    return (Rows){plane, stride, height, to_height, {-1, -1}, scale, {taken(arena, bytes), taken(arena, bytes)}, across};
}

static inline const float *stretched(Rows *rows, int y) {
    const int slot = y % 2;
    if (rows->stretched[slot] != y) {
        stretch_row(rows->across, rows->plane + (ptrdiff_t)y * rows->stride, rows->rows[slot], rows->scale);
        rows->stretched[slot] = y;
    }
    return rows->rows[slot];
}

static inline void next_row(Rows *rows, int y, float *to) {
    float share;
    const int top = place_of(y, rows->height, rows->to_height, &share);
    const float *one = stretched(rows, top), *other = stretched(rows, least(top + 1, rows->height - 1));
    INDEPENDENT
    for (int x = 0; x < rows->across.to; x++) to[x] = one[x] + (other[x] - one[x]) * share;
}
