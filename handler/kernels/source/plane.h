// Planes of float numbers, and what all kernels share.

#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX2__) && !defined(PORTABLE)
#define WITH_AVX2
#include <immintrin.h>
#endif

#define EXPORT __attribute__((visibility("default")))
#define MARGIN 16  // px around an image in which its border is repeated; patches may lie there

// Of the loop after it: what it writes is nothing that it reads elsewhere.
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

// Eight numbers, one vector register of AVX2 or two of NEON.
typedef float Eight __attribute__((vector_size(32), aligned(4)));

// A picture with MARGIN px around it. `at` is its first pixel, `stride` the floats from row to row.
typedef struct {
    int width, height, stride;
    float *at;
} Plane;

// Room that is handed out from its beginning and given back as a whole. With CHECKED, more than there
// is ends the process.
typedef struct {
    char *memory;
    size_t used, size;
} Arena;

static inline int least(int one, int other) { return one < other ? one : other; }
static inline int most(int one, int other) { return one > other ? one : other; }
static inline float clamped(float number, float low, float high) {
    const float above = number > low ? number : low;  // what is no number becomes `low`
    return above < high ? above : high;
}

static inline uint8_t byte_of(int number) { return (uint8_t)most(0, least(255, number)); }

static inline Eight load(const float *from) { return *(const Eight *)from; }
static inline void store(float *to, Eight numbers) { *(Eight *)to = numbers; }

static inline int padded_stride(int width) { return (width + 2 * MARGIN + 15) / 8 * 8; }
static inline size_t plane_bytes(int width, int height) {
    return ((size_t)padded_stride(width) * (size_t)(height + 2 * MARGIN) * sizeof(float) + 127) / 64 * 64;
}

static inline void *taken(Arena *arena, size_t bytes) {
    void *room = arena->memory + arena->used;
    arena->used += (bytes + 63) / 64 * 64;
#ifdef CHECKED
    if (arena->used > arena->size) abort();
#endif
    return room;
}

static inline Plane plane_of(Arena *arena, int width, int height) {
    const int stride = padded_stride(width);
    float *room = taken(arena, plane_bytes(width, height));
    return (Plane){width, height, stride, room + MARGIN * stride + MARGIN};
}

static inline float *row_of(Plane plane, int y) { return plane.at + (ptrdiff_t)y * plane.stride; }

void repeat_border(Plane plane);
