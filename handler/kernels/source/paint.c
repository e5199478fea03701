// Pictures taken apart into luma and chroma, put together again, and how much fine texture they have.

#include "paint.h"
#include "stretch.h"

// BT.709's weights of red and blue; luma and chroma have the full range of bytes.
#define RED 0.2126f
#define BLUE 0.0722f
#define FIXED(number) ((int)((number) * 16384 + 0.5f))  // in 1/2^14

enum { AROUND = 2 };  // px, at the size of ways, to each side over which texture is measured

// unit: bytes of a pixel.
static void repeat_bytes(uint8_t *first, int width, int height, int stride, int unit, int reach) {
    for (int y = 0; y < height; y++) {
        uint8_t *row = first + (ptrdiff_t)y * stride;
        for (int k = 1; k <= reach; k++)
            for (int c = 0; c < unit; c++) {
                row[-k * unit + c] = row[c];
                row[(width - 1 + k) * unit + c] = row[(width - 1) * unit + c];
            }
    }
    uint8_t *top = first - reach * unit, *bottom = top + (ptrdiff_t)(height - 1) * stride;
    const size_t bytes = (size_t)((width + 2 * reach) * unit);
    for (int k = 1; k <= reach; k++) {
        memcpy(top - (ptrdiff_t)k * stride, top, bytes);
        memcpy(bottom + (ptrdiff_t)k * stride, bottom, bytes);
    }
}

void repeat_around(Paint paint, int reach) {
    repeat_bytes(paint.luma, paint.width, paint.height, paint.luma_stride, 1, reach);
    repeat_bytes(paint.chroma, paint.width, paint.height, paint.chroma_stride, 2, reach);
}

static void take_row_apart(const uint8_t *rgb, uint8_t *luma, uint8_t *chroma, int width) {
    const int red = FIXED(RED), blue = FIXED(BLUE), green = 16384 - FIXED(RED) - FIXED(BLUE);
    const int by_blue = FIXED(0.5f / (1 - BLUE)), by_red = FIXED(0.5f / (1 - RED));
    INDEPENDENT
    for (int x = 0; x < width; x++) {
        const int r = rgb[3 * x], g = rgb[3 * x + 1], b = rgb[3 * x + 2];
        const int weighed = red * r + green * g + blue * b;
        luma[x] = (uint8_t)((weighed + 8192) >> 14);
        chroma[2 * x] = byte_of(128 + ((by_blue * (b * 64 - (weighed >> 8)) + (1 << 19)) >> 20));
        chroma[2 * x + 1] = byte_of(128 + ((by_red * (r * 64 - (weighed >> 8)) + (1 << 19)) >> 20));
    }
}

// Where cell number `at` of `to` begins among `from` pixels.
static inline int cell_begin(int at, int from, int to) { return (int)((int64_t)at * from / to); }

size_t grain_bytes(int width, int to_width, int to_height) {
    return (size_t)width * 8 + (size_t)to_width * (size_t)(to_height + 12) * 4 + stretch_bytes(to_width) + 1024;
}

// Mean difference of luma from that of the 3 by 3 px around, of 255, around each pixel of a smaller
// picture. Its cells are as wide as whole pixels allow.
void measure_grain(Paint paint, int to_width, int to_height, float *grain, Arena arena) {
    const int width = paint.width, height = paint.height;
    uint16_t *columns = taken(&arena, 2 * (size_t)(width + 4)), *fine = taken(&arena, 2 * (size_t)(width + 4));
    float *cells = taken(&arena, sizeof(float) * (size_t)to_width * (size_t)to_height);
    float *row_sums = taken(&arena, sizeof(float) * (size_t)to_width);
    int *ends = taken(&arena, sizeof(int) * (size_t)to_width);
    for (int to_x = 0; to_x < to_width; to_x++) ends[to_x] = cell_begin(to_x + 1, width, to_width);
    for (int to_y = 0; to_y < to_height; to_y++) {
        const int from_y = cell_begin(to_y, height, to_height);
        const int end_y = most(from_y + 1, cell_begin(to_y + 1, height, to_height));
        memset(fine, 0, 2 * (size_t)width);
        for (int y = from_y; y < end_y; y++) {
            const uint8_t *at = paint.luma + (ptrdiff_t)y * paint.luma_stride - 1;
            const uint8_t *high = at - paint.luma_stride, *low = at + paint.luma_stride;
            INDEPENDENT
            for (int x = 0; x < width + 2; x++) columns[x] = (uint16_t)(high[x] + at[x] + low[x]);
            INDEPENDENT
            for (int x = 0; x < width; x++) {
                const int off = 9 * at[x + 1] - (columns[x] + columns[x + 1] + columns[x + 2]);
                fine[x] = (uint16_t)(fine[x] + (off < 0 ? -off : off));
            }
        }
        float *to = cells + (ptrdiff_t)to_y * to_width;
        for (int to_x = 0; to_x < to_width; to_x++) {
            const int from_x = to_x ? ends[to_x - 1] : 0, end_x = most(from_x + 1, ends[to_x]);
            unsigned total = 0;
            for (int x = from_x; x < end_x; x++) total += fine[x];
            to[to_x] = (float)total / (9.0f * (float)((end_x - from_x) * (end_y - from_y)));
        }
    }
    for (int y = 0; y < to_height; y++) {
        memset(row_sums, 0, sizeof(float) * (size_t)to_width);
        for (int k = -AROUND; k <= AROUND; k++) {
            const float *from = cells + (ptrdiff_t)most(0, least(y + k, to_height - 1)) * to_width;
            INDEPENDENT
            for (int x = 0; x < to_width; x++) row_sums[x] += from[x];
        }
        float *to = grain + (ptrdiff_t)y * to_width;
        for (int x = 0; x < to_width; x++) {
            float total = 0;
            for (int k = -AROUND; k <= AROUND; k++) total += row_sums[most(0, least(x + k, to_width - 1))];
            to[x] = total / ((2 * AROUND + 1) * (2 * AROUND + 1));
        }
    }
}

// How many bytes the paint of a picture takes.
EXPORT size_t artreel_paint_bytes(int width, int height) { return paint_bytes(width, height); }

// Take a painted picture apart.
//
// rgb: uint8 (height, width, 3).
// bytes: its paint, as large as artreel_paint_bytes says; written.
// grain: float32 (grain_height, grain_width), its texture; written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_take_apart(const uint8_t *rgb, int width, int height, uint8_t *bytes, int grain_width, int grain_height, float *grain) {
    Paint paint = paint_at(bytes, width, height);
    for (int y = 0; y < height; y++) {
        uint8_t *luma = paint.luma + (ptrdiff_t)y * paint.luma_stride, *chroma = paint.chroma + (ptrdiff_t)y * paint.chroma_stride;
        take_row_apart(rgb + 3 * (ptrdiff_t)y * width, luma, chroma, width);
    }
    repeat_around(paint, BORDER);
    Arena arena = {.size = grain_bytes(width, grain_width, grain_height)};
    arena.memory = aligned_alloc(64, (arena.size + 63) / 64 * 64);
    if (!arena.memory) return -1;
    measure_grain(paint, grain_width, grain_height, grain, arena);
    free(arena.memory);
    return 0;
}
