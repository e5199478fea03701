// The paint of two keyframes, carried to a frame between them and mixed.
//
// The mean of two textures that don't match has less contrast than either (Heitz & Neyret 2018,
// High-Performance By-Example Noise using a Histogram-Preserving Blending Operator), and sampling
// between pixels wears it off, too. Unlike there, what texture is left is measured, and what is
// missing given back.

#include "paint.h"
#include "spot.h"
#include "stretch.h"

static const float FLOOR = 0.02f;  // trust of a pixel that neither keyframe shows: the nearer one gives it after all
static const float MOST_GAIN = 1.9f;
enum { GAINS = 256 };  // steps in which the gain is told apart

// BT.709's way back from differences of colour, in 1/64.
enum { TO_RED = 101, TO_BLUE = 119, GREEN_OF_RED = 30, GREEN_OF_BLUE = 12 };

// Weights of the four pixels around a place, for each 1/64 px: bicubic, a = -0.75. Source: Keys 1981,
// Cubic Convolution Interpolation for Digital Image Processing. In 1/64, a byte each.
typedef struct {
    int32_t weights[64];
} Cubic;

static Cubic cubic_weights(void) {
    Cubic cubic;
    for (int phase = 0; phase < 64; phase++) {
        const float t = (float)phase / 64, a = -0.75f, rest = 1 - t;
        int weights[4] = {
            (int)rintf(64 * a * t * rest * rest), 0,
            (int)rintf(64 * (((a + 2) * rest - (a + 3)) * rest * rest + 1)), (int)rintf(64 * a * rest * t * t),
        };
        weights[1] = 64 - weights[0] - weights[2] - weights[3];
        cubic.weights[phase] = (int32_t)((uint32_t)(uint8_t)weights[0] | (uint32_t)(uint8_t)weights[1] << 8 |
                                         (uint32_t)(uint8_t)weights[2] << 16 | (uint32_t)(uint8_t)weights[3] << 24);
    }
    return cubic;
}

// A row of luma where ways lead, between its pixels.
static void carry_luma(
    const Cubic *cubic, const uint8_t *luma, int stride, const int32_t *at_x, const int32_t *at_y, int count, uint8_t *to
) {
    int x = 0;
    const uint8_t *corner = luma - stride - 1;
#ifdef WITH_AVX2
    const __m256i low6 = _mm256_set1_epi32(63), ones = _mm256_set1_epi16(1), low16 = _mm256_set1_epi32(0xffff);
    for (; x + 8 <= count; x += 8) {
        const __m256i px = _mm256_loadu_si256((const __m256i *)(at_x + x)), py = _mm256_loadu_si256((const __m256i *)(at_y + x));
        const __m256i fx = _mm256_and_si256(px, low6), fy = _mm256_and_si256(py, low6);
        const __m256i rows = _mm256_mullo_epi32(_mm256_srli_epi32(py, 6), _mm256_set1_epi32(stride));
        const __m256i at = _mm256_add_epi32(rows, _mm256_srli_epi32(px, 6));
        const __m256i across = _mm256_i32gather_epi32(cubic->weights, fx, 4);
        const __m256i along = _mm256_i32gather_epi32(cubic->weights, fy, 4);
        __m256i sums[4];
        for (int k = 0; k < 4; k++) {
            const __m256i four = _mm256_i32gather_epi32((const int *)(corner + k * stride), at, 1);
            sums[k] = _mm256_madd_epi16(_mm256_maddubs_epi16(four, across), ones);
        }
        // The weights of rows 0 and 2 are the even bytes, those of 1 and 3 the odd ones.
        const __m256i even_rows = _mm256_or_si256(_mm256_and_si256(sums[0], low16), _mm256_slli_epi32(sums[2], 16));
        const __m256i odd_rows = _mm256_or_si256(_mm256_and_si256(sums[1], low16), _mm256_slli_epi32(sums[3], 16));
        const __m256i total = _mm256_add_epi32(
            _mm256_madd_epi16(even_rows, _mm256_srai_epi16(_mm256_slli_epi16(along, 8), 8)),
            _mm256_madd_epi16(odd_rows, _mm256_srai_epi16(along, 8)));
        const __m256i numbers = _mm256_srai_epi32(_mm256_add_epi32(total, _mm256_set1_epi32(2048)), 12);
        const __m128i halves = _mm_packs_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
        _mm_storel_epi64((__m128i *)(to + x), _mm_packus_epi16(halves, halves));
    }
#endif
    for (; x < count; x++) {
        const int fx = at_x[x] & 63, fy = at_y[x] & 63;
        const uint8_t *from = corner + (ptrdiff_t)(at_y[x] >> 6) * stride + (at_x[x] >> 6);
        int total = 2048;
        for (int row = 0; row < 4; row++) {
            int sum = 0;
            for (int k = 0; k < 4; k++) sum += from[row * stride + k] * (int8_t)((uint32_t)cubic->weights[fx] >> 8 * k);
            total += sum * (int8_t)((uint32_t)cubic->weights[fy] >> 8 * row);
        }
        to[x] = byte_of(total >> 12);
    }
}

// The same for pairs of differences of colour.
static void carry_chroma(const uint8_t *chroma, int stride, const int32_t *at_x, const int32_t *at_y, int count, uint8_t *to) {
    int x = 0;
#ifdef WITH_AVX2
    const __m256i low6 = _mm256_set1_epi32(63), whole = _mm256_set1_epi32(64);
    const __m256i by_colour = _mm256_setr_epi8(
        0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    for (; x + 8 <= count; x += 8) {
        const __m256i px = _mm256_loadu_si256((const __m256i *)(at_x + x)), py = _mm256_loadu_si256((const __m256i *)(at_y + x));
        const __m256i fx = _mm256_and_si256(px, low6), fy = _mm256_and_si256(py, low6);
        const __m256i rows = _mm256_mullo_epi32(_mm256_srli_epi32(py, 6), _mm256_set1_epi32(stride));
        const __m256i at = _mm256_add_epi32(rows, _mm256_slli_epi32(_mm256_srli_epi32(px, 6), 1));
        const __m256i high = _mm256_shuffle_epi8(_mm256_i32gather_epi32((const int *)chroma, at, 1), by_colour);
        const __m256i low = _mm256_shuffle_epi8(_mm256_i32gather_epi32((const int *)(chroma + stride), at, 1), by_colour);
        __m256i across = _mm256_or_si256(_mm256_sub_epi32(whole, fx), _mm256_slli_epi32(fx, 8));
        across = _mm256_or_si256(across, _mm256_slli_epi32(across, 16));
        const __m256i along = _mm256_or_si256(_mm256_sub_epi32(whole, fy), _mm256_slli_epi32(fy, 16));
        const __m256i above = _mm256_maddubs_epi16(high, across), below = _mm256_maddubs_epi16(low, across);
        const __m256i low16 = _mm256_set1_epi32(0xffff);
        const __m256i blue = _mm256_or_si256(_mm256_and_si256(above, low16), _mm256_slli_epi32(below, 16));
        const __m256i red = _mm256_or_si256(_mm256_srli_epi32(above, 16), _mm256_andnot_si256(low16, below));
        const __m256i round = _mm256_set1_epi32(2048);
        const __m256i first = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(blue, along), round), 12);
        const __m256i second = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(red, along), round), 12);
        const __m256i pairs = _mm256_or_si256(first, _mm256_slli_epi32(second, 16));
        const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), _MM_SHUFFLE(3, 1, 2, 0));
        _mm_storeu_si128((__m128i *)(to + 2 * x), _mm256_castsi256_si128(bytes));
    }
#endif
    for (; x < count; x++) {
        const int fx = at_x[x] & 63, fy = at_y[x] & 63;
        const uint8_t *from = chroma + (ptrdiff_t)(at_y[x] >> 6) * stride + 2 * (at_x[x] >> 6);
        for (int k = 0; k < 2; k++, from++) {
            const int above = from[0] * (64 - fx) + from[2] * fx, below = from[stride] * (64 - fx) + from[stride + 2] * fx;
            to[2 * x + k] = (uint8_t)((above * (64 - fy) + below * fy + 2048) >> 12);
        }
    }
}

// Of each byte its share, of 256, of one row; the rest of the other.
static void mix_row(const uint8_t *one, const uint8_t *other, const uint16_t *share, int count, uint8_t *to) {
    INDEPENDENT
    for (int x = 0; x < count; x++)
        to[x] = (uint8_t)((one[x] * share[x] + other[x] * (256 - share[x]) + 128) >> 8);
}

// What a keyframe gives: its paint and texture, and ways to it at two sizes.
typedef struct {
    Paint paint;
    const float *grain, *path, *ways, *trust;
} Given;

typedef struct {
    int width, height, way_width, way_height, path_width, path_height;
} Sizes;

static Paint carried_and_mixed(Given one, Given other, const float *share, Sizes sizes, uint8_t *bytes, Arena arena) {
    const int width = sizes.width, height = sizes.height;
    const size_t way_pixels = (size_t)sizes.way_width * (size_t)sizes.way_height;
    const Stretch across = stretch_of(&arena, sizes.way_width, width);
    const float longer = (float)width / (float)sizes.way_width, taller = (float)height / (float)sizes.way_height;
    const float *fields[5] = {one.ways, one.ways + way_pixels, other.ways, other.ways + way_pixels, share};
    const float scales[5] = {longer, taller, longer, taller, 256};
    Rows rows[5];
    float *row[5];
    for (int k = 0; k < 5; k++) {
        rows[k] = rows_of(&arena, fields[k], sizes.way_width, sizes.way_height, across, height, scales[k]);
        row[k] = taken(&arena, sizeof(float) * (size_t)width);
    }
    int32_t *at_x = taken(&arena, sizeof(int32_t) * (size_t)width), *at_y = taken(&arena, sizeof(int32_t) * (size_t)width);
    uint16_t *part = taken(&arena, sizeof(uint16_t) * (size_t)width), *twice = taken(&arena, 2 * sizeof(uint16_t) * (size_t)width);
    uint8_t *luma[2], *chroma[2];
    for (int k = 0; k < 2; k++) luma[k] = taken(&arena, (size_t)width), chroma[k] = taken(&arena, 2 * (size_t)width);
    const Cubic cubic = cubic_weights();
    const Paint paints[2] = {one.paint, other.paint};
    Paint mixed = paint_at(bytes, width, height);
    for (int y = 0; y < height; y++) {
        for (int k = 0; k < 5; k++) next_row(&rows[k], y, row[k]);
        for (int k = 0; k < 2; k++) {
            places(row[2 * k], 0, 1, (float)(width - 1), width, at_x);
            places(row[2 * k + 1], (float)y, 0, (float)(height - 1), width, at_y);
            carry_luma(&cubic, paints[k].luma, paints[k].luma_stride, at_x, at_y, width, luma[k]);
            carry_chroma(paints[k].chroma, paints[k].chroma_stride, at_x, at_y, width, chroma[k]);
        }
        INDEPENDENT
        for (int x = 0; x < width; x++) twice[2 * x] = twice[2 * x + 1] = part[x] = (uint16_t)(row[4][x] + 0.5f);
        mix_row(luma[0], luma[1], part, width, mixed.luma + (ptrdiff_t)y * mixed.luma_stride);
        mix_row(chroma[0], chroma[1], twice, 2 * width, mixed.chroma + (ptrdiff_t)y * mixed.chroma_stride);
    }
    return mixed;
}

// How much stronger the texture should be, as an index of gains.
static void find_gains(Given one, Given other, const float *share, const float *left, Sizes sizes, float *index) {
    const int width = sizes.path_width, height = sizes.path_height;
    const ptrdiff_t pixels = (ptrdiff_t)width * height;
    const float longer = (float)sizes.way_width / (float)width, taller = (float)sizes.way_height / (float)height;
    for (int y = 0; y < height; y++) {
        const ptrdiff_t row = (ptrdiff_t)y * width;
        const float *a = one.path + row, *b = other.path + row;
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            const Spot in_one = spot_at((float)x + a[x], (float)y + a[x + pixels], width, height, width);
            const Spot in_other = spot_at((float)x + b[x], (float)y + b[x + pixels], width, height, width);
            const float at_x = ((float)x + 0.5f) * longer - 0.5f, at_y = ((float)y + 0.5f) * taller - 0.5f;
            const Spot in_share = spot_at(at_x, at_y, sizes.way_width, sizes.way_height, sizes.way_width);
            const float first = at_spot(one.grain, in_one), second = at_spot(other.grain, in_other);
            const float part = at_spot(share, in_share);
            const float wanted = second + (first - second) * part;
            const float gain = clamped((wanted + 1) / (left[row + x] + 1), 1, MOST_GAIN);
            index[row + x] = (gain - 1) * ((GAINS - 1) / (MOST_GAIN - 1));
        }
    }
}

// A row of paint as red, green and blue.
static void join_row(const uint8_t *luma, const uint8_t *chroma, int width, uint8_t *rgb) {
    INDEPENDENT
    for (int x = 0; x < width; x++) {
        const int blue = chroma[2 * x] - 128, red = chroma[2 * x + 1] - 128, base = 64 * luma[x] + 32;
        const int r = (base + TO_RED * red) >> 6, b = (base + TO_BLUE * blue) >> 6;
        const int g = (base - GREEN_OF_RED * red - GREEN_OF_BLUE * blue) >> 6;
        rgb[3 * x] = byte_of(r);
        rgb[3 * x + 1] = byte_of(g);
        rgb[3 * x + 2] = byte_of(b);
    }
}

// A row of `count` bytes moved away from the mean of the 3 by 3 px around; a pixel has `unit` bytes.
// gain: of each byte, what its distance from nine times that mean is multiplied by, in 1/2^15.
static void sharpen_row(const uint8_t *at, int stride, int unit, const int16_t *gain, int count, uint16_t *columns, uint8_t *to) {
    const uint8_t *high = at - stride - unit, *middle = at - unit, *low = at + stride - unit;
    INDEPENDENT
    for (int x = 0; x < count + 2 * unit; x++) columns[x] = (uint16_t)(high[x] + middle[x] + low[x]);
    INDEPENDENT
    for (int x = 0; x < count; x++) {
        const int16_t off = (int16_t)(9 * at[x] - columns[x] - columns[x + unit] - columns[x + 2 * unit]);
        const int16_t moved = (int16_t)((off * gain[x] + 16384) >> 15);
        to[x] = byte_of(at[x] + moved);
    }
}

// Mix what two keyframes give a frame.
//
// one, other: paint as artreel_take_apart makes it, of this width and height.
// grain: float32 (path_height, path_width), the keyframe's texture. path: float32 (3, path_height,
// path_width), as artreel_compose makes it. ways: float32 (2, way_height, way_width), trust: float32
// (way_height, way_width), as artreel_view makes them.
// passed: which part of the time from the one to the other has passed, 0..1.
// strength: of the texture that is given back, as a power of the gain.
// rgb: uint8 (height, width, 3); written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_mix(
    const uint8_t *paint_one, const float *grain_one, const float *path_one, const float *ways_one, const float *trust_one,
    const uint8_t *paint_other, const float *grain_other, const float *path_other, const float *ways_other, const float *trust_other,
    int width, int height, int way_width, int way_height, int path_width, int path_height,
    float passed, float strength, uint8_t *rgb
) {
    const Sizes sizes = {width, height, way_width, way_height, path_width, path_height};
    const Given one = {paint_at((uint8_t *)paint_one, width, height), grain_one, path_one, ways_one, trust_one};
    const Given other = {paint_at((uint8_t *)paint_other, width, height), grain_other, path_other, ways_other, trust_other};
    const int way_pixels = way_width * way_height, path_pixels = path_width * path_height;
    Arena arena = {.size = paint_bytes(width, height) + 4 * (size_t)way_pixels + 8 * (size_t)path_pixels +
                           grain_bytes(width, path_width, path_height) +
                           2 * stretch_bytes(width) + 6 * rows_bytes(width) + 64 * (size_t)(width + 64) + 16384};
    arena.memory = aligned_alloc(64, (arena.size + 63) / 64 * 64);
    if (!arena.memory) return -1;
    float *share = taken(&arena, sizeof(float) * (size_t)way_pixels);
    INDEPENDENT
    for (int k = 0; k < way_pixels; k++) {
        const float near = (trust_one[k] + FLOOR) * (1 - passed), far = (trust_other[k] + FLOOR) * passed;
        share[k] = near / (near + far);
    }
    uint8_t *bytes = taken(&arena, paint_bytes(width, height));
    const Paint mixed = carried_and_mixed(one, other, share, sizes, bytes, arena);
    repeat_around(mixed, 1);
    float *left = taken(&arena, sizeof(float) * (size_t)path_pixels), *index = taken(&arena, sizeof(float) * (size_t)path_pixels);
    measure_grain(mixed, path_width, path_height, left, arena);
    find_gains(one, other, share, left, sizes, index);
    float added[GAINS];  // what the gain adds to 1, as sharpen_row takes it; 3 at most
    for (int k = 0; k < GAINS; k++)
        added[k] = fminf(3, powf(1 + (MOST_GAIN - 1) * (float)k / (GAINS - 1), strength) - 1) * (32768.0f / 9);
    for (int k = 0; k < path_pixels; k++) index[k] = added[(int)(index[k] + 0.5f)];
    const Stretch across = stretch_of(&arena, path_width, width);
    Rows gains = rows_of(&arena, index, path_width, path_height, across, height, 1);
    float *gain_row = taken(&arena, sizeof(float) * (size_t)width);
    int16_t *gain = taken(&arena, sizeof(int16_t) * (size_t)width), *twice = taken(&arena, 2 * sizeof(int16_t) * (size_t)width);
    uint16_t *columns = taken(&arena, 2 * sizeof(uint16_t) * (size_t)(width + 2));
    uint8_t *luma = taken(&arena, (size_t)width), *chroma = taken(&arena, 2 * (size_t)width);
    for (int y = 0; y < height; y++) {
        next_row(&gains, y, gain_row);
        INDEPENDENT
        for (int x = 0; x < width; x++) twice[2 * x] = twice[2 * x + 1] = gain[x] = (int16_t)(gain_row[x] + 0.5f);
        sharpen_row(mixed.luma + (ptrdiff_t)y * mixed.luma_stride, mixed.luma_stride, 1, gain, width, columns, luma);
        sharpen_row(mixed.chroma + (ptrdiff_t)y * mixed.chroma_stride, mixed.chroma_stride, 2, twice, 2 * width, columns, chroma);
        join_row(luma, chroma, width, rgb + 3 * (ptrdiff_t)y * width);
    }
    free(arena.memory);
    return 0;
}

// Put two pictures together.
//
// one, other: uint8 (height, width, 3).
// share: float32 (way_height, way_width), of the one, 0..1; the rest is the other.
// to: uint8 (height, width, 3); written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_blend(
    const uint8_t *one, const uint8_t *other, const float *share, int way_width, int way_height,
    int width, int height, uint8_t *to
) {
    Arena arena = {.size = stretch_bytes(width) + rows_bytes(width) + 12 * (size_t)(width + 64) + 1024};
    arena.memory = aligned_alloc(64, (arena.size + 63) / 64 * 64);
    if (!arena.memory) return -1;
    Rows rows = rows_of(&arena, share, way_width, way_height, stretch_of(&arena, way_width, width), height, 256);
    float *row = taken(&arena, sizeof(float) * (size_t)width);
    uint16_t *parts = taken(&arena, 3 * sizeof(uint16_t) * (size_t)width);
    for (int y = 0; y < height; y++) {
        next_row(&rows, y, row);
        INDEPENDENT
        for (int x = 0; x < width; x++) parts[3 * x] = parts[3 * x + 1] = parts[3 * x + 2] = (uint16_t)(row[x] + 0.5f);
        const ptrdiff_t at = 3 * (ptrdiff_t)y * width;
        mix_row(one + at, other + at, parts, 3 * width, to + at);
    }
    free(arena.memory);
    return 0;
}
