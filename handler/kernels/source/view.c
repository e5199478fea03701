// What a keyframe shows of another frame: where each pixel lies in it, and how sure that is.

#include "spot.h"
#include "stretch.h"

static const float TORN_PX = 1;        // a way between those of two pixels that is this far from the nearer one's belongs to neither
static const float OFF_COLOUR = 30;    // difference of a colour, of 255, that is trusted by 1/e
enum { COLOUR_REACH = 2, SOFTNESS = 5 };  // px to each side over which differences and trust are evened out

// Ways in px of a larger picture. Where the motion of two things meets, each pixel goes with the one
// or the other: a way between the two would draw what lies between them as a thin outline.
static void enlarge_ways(const float *path, int width, int height, int to_width, int to_height, float *ways, Arena arena) {
    const size_t pixels = (size_t)width * (size_t)height, to_pixels = (size_t)to_width * (size_t)to_height;
    const Stretch across = stretch_of(&arena, width, to_width);
    const float scales[2] = {(float)to_width / (float)width, (float)to_height / (float)height};
    Rows rows[2];
    for (int k = 0; k < 2; k++)
        rows[k] = rows_of(&arena, path + (size_t)k * pixels, width, height, across, to_height, scales[k]);
    uint8_t *torn = taken(&arena, to_pixels), *is_torn = taken(&arena, (size_t)to_height);
    for (int y = 0; y < to_height; y++) {
        float *right = ways + (ptrdiff_t)y * to_width, *down = right + to_pixels;
        next_row(&rows[0], y, right);
        next_row(&rows[1], y, down);
        const float *near = path + (ptrdiff_t)nearest_of(y, height, to_height) * width;
        const int32_t *nearest = across.nearest;
        uint8_t *mark = torn + (ptrdiff_t)y * to_width, any = 0;
        INDEPENDENT
        for (int x = 0; x < to_width; x++) {
            const float off_x = fabsf(near[nearest[x]] * scales[0] - right[x]);
            const float off_y = fabsf(near[nearest[x] + (ptrdiff_t)pixels] * scales[1] - down[x]);
            mark[x] = fmaxf(off_x, off_y) > TORN_PX;
        }
        for (int x = 0; x < to_width; x++) any |= mark[x];
        is_torn[y] = any;
    }
    for (int y = 0; y < to_height; y++) {
        const int above = most(y - 1, 0), below = least(y + 1, to_height - 1);
        if (!(is_torn[above] | is_torn[y] | is_torn[below])) continue;
        const uint8_t *high = torn + (ptrdiff_t)above * to_width, *mark = torn + (ptrdiff_t)y * to_width;
        const uint8_t *low = torn + (ptrdiff_t)below * to_width;
        const float *near = path + (ptrdiff_t)nearest_of(y, height, to_height) * width;
        float *right = ways + (ptrdiff_t)y * to_width, *down = right + to_pixels;
        for (int x = 0; x < to_width; x++) {
            if (!(high[x] | mark[x] | low[x] | mark[most(x - 1, 0)] | mark[least(x + 1, to_width - 1)])) continue;
            right[x] = near[across.nearest[x]] * scales[0];
            down[x] = near[across.nearest[x] + (ptrdiff_t)pixels] * scales[1];
        }
    }
}

// How unlike a row of `now` is what `then`, uint8 (height, width, 4), has at these places, which are as
// `places` gives them: the greatest difference of red, green and blue.
static void compare_row(const uint8_t *then, const uint8_t *now, const int32_t *at_x, const int32_t *at_y, int width, int height, uint8_t *off) {
    int x = 0;
#ifdef WITH_AVX2
    const __m256i ones = _mm256_set1_epi32(1), low6 = _mm256_set1_epi32(63);
    for (; x + 8 <= width; x += 8) {
        const __m256i px = _mm256_loadu_si256((const __m256i *)(at_x + x)), py = _mm256_loadu_si256((const __m256i *)(at_y + x));
        const __m256i left = _mm256_srli_epi32(px, 6), top = _mm256_srli_epi32(py, 6);
        const __m256i fx = _mm256_and_si256(px, low6), fy = _mm256_and_si256(py, low6);
        const __m256i next = _mm256_min_epi32(_mm256_add_epi32(left, ones), _mm256_set1_epi32(width - 1));
        const __m256i below = _mm256_min_epi32(_mm256_add_epi32(top, ones), _mm256_set1_epi32(height - 1));
        const __m256i first = _mm256_mullo_epi32(top, _mm256_set1_epi32(width));
        const __m256i second = _mm256_mullo_epi32(below, _mm256_set1_epi32(width));
        const __m256i a = _mm256_i32gather_epi32((const int *)then, _mm256_add_epi32(first, left), 4);
        const __m256i b = _mm256_i32gather_epi32((const int *)then, _mm256_add_epi32(first, next), 4);
        const __m256i c = _mm256_i32gather_epi32((const int *)then, _mm256_add_epi32(second, left), 4);
        const __m256i d = _mm256_i32gather_epi32((const int *)then, _mm256_add_epi32(second, next), 4);
        __m256i across = _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(64), fx), _mm256_slli_epi32(fx, 8));
        across = _mm256_or_si256(across, _mm256_slli_epi32(across, 16));
        const __m256i along = _mm256_or_si256(fy, _mm256_slli_epi32(fy, 16));
        const __m256i seen = _mm256_loadu_si256((const __m256i *)(now + 4 * (size_t)x));
        __m256i most_off[2];
        for (int half = 0; half < 2; half++) {
#define HALF(one, other) (half ? _mm256_unpackhi_epi8(one, other) : _mm256_unpacklo_epi8(one, other))
            const __m256i weights = half ? _mm256_unpackhi_epi32(across, across) : _mm256_unpacklo_epi32(across, across);
            const __m256i down_by = half ? _mm256_unpackhi_epi32(along, along) : _mm256_unpacklo_epi32(along, along);
            const __m256i high = _mm256_maddubs_epi16(HALF(a, b), weights);
            const __m256i low = _mm256_maddubs_epi16(HALF(c, d), weights);
            const __m256i moved = _mm256_mulhrs_epi16(_mm256_sub_epi16(low, high), _mm256_slli_epi16(down_by, 9));
            const __m256i between = _mm256_srli_epi16(_mm256_add_epi16(_mm256_add_epi16(high, moved), _mm256_set1_epi16(32)), 6);
            const __m256i is = HALF(seen, _mm256_setzero_si256());
#undef HALF
            const __m256i apart = _mm256_abs_epi16(_mm256_sub_epi16(between, is));
            const __m256i of_two = _mm256_max_epi16(apart, _mm256_srli_epi64(apart, 16));
            most_off[half] = _mm256_max_epi16(of_two, _mm256_srli_epi64(apart, 32));
        }
        // Of each four 16-bit numbers the first counts, in the order 0 1 | 4 5 and 2 3 | 6 7.
        const __m256i both = _mm256_castps_si256(_mm256_shuffle_ps(
            _mm256_castsi256_ps(most_off[0]), _mm256_castsi256_ps(most_off[1]), _MM_SHUFFLE(2, 0, 2, 0)));
        const __m256i bytes = _mm256_shuffle_epi8(both, _mm256_setr_epi8(
            0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
        const uint32_t four = (uint32_t)_mm256_extract_epi32(bytes, 0), more = (uint32_t)_mm256_extract_epi32(bytes, 4);
        memcpy(off + x, &four, 4);
        memcpy(off + x + 4, &more, 4);
    }
#endif
    for (; x < width; x++) {
        const int left = at_x[x] >> 6, top = at_y[x] >> 6, fx = at_x[x] & 63, fy = at_y[x] & 63;
        const int next = least(left + 1, width - 1), below = least(top + 1, height - 1);
        int greatest = 0;
        for (int k = 0; k < 3; k++) {
#define AT(row, column) then[4 * ((size_t)(row) * (size_t)width + (size_t)(column)) + (size_t)k]
            const int high = AT(top, left) * (64 - fx) + AT(top, next) * fx;
            const int low = AT(below, left) * (64 - fx) + AT(below, next) * fx;
#undef AT
            const int moved = ((low - high) * fy * 512 + 0x4000) >> 15;
            greatest = most(greatest, abs(((high + moved + 32) >> 6) - now[4 * (size_t)x + (size_t)k]));
        }
        off[x] = (uint8_t)greatest;
    }
}

// Sums of the bytes around each pixel of a picture, `reach` px to each side, row by row from the top;
// beyond its borders it repeats.
typedef struct {
    const uint8_t *bytes;
    int width, height, reach;
    uint16_t *columns, *sums;
} Box;

enum { MOST_REACH = 16 };

static inline size_t box_bytes(int width) { return 2 * (sizeof(uint16_t) * (size_t)(width + 2 * MOST_REACH) + 64); }

static void add_row(Box box, int y, int sign) {
    const uint8_t *row = box.bytes + (ptrdiff_t)most(0, least(y, box.height - 1)) * box.width;
    uint16_t *columns = box.columns;
    INDEPENDENT
    for (int x = 0; x < box.width; x++) columns[x] = (uint16_t)(columns[x] + sign * row[x]);
}

static Box box_of(Arena *arena, const uint8_t *bytes, int width, int height, int reach) {
    const size_t room = sizeof(uint16_t) * (size_t)(width + 2 * MOST_REACH);
    Box box = {bytes, width, height, reach, taken(arena, room), taken(arena, room)};
    memset(box.columns, 0, room);
    box.columns += MOST_REACH;
    for (int k = -reach; k < reach; k++) add_row(box, k, 1);
    return box;
}

static inline const uint16_t *next_sums(Box box, int y) {
    const int width = box.width, reach = box.reach;
    uint16_t *columns = box.columns, *sums = box.sums;
    if (y) add_row(box, y - 1 - reach, -1);
    add_row(box, y + reach, 1);
    for (int k = 1; k <= reach; k++) {
        columns[-k] = columns[0];
        columns[width - 1 + k] = columns[width - 1];
    }
    INDEPENDENT
    for (int x = 0; x < width; x++) {
        uint16_t total = columns[x];
        for (int k = 1; k <= reach; k++) total = (uint16_t)(total + columns[x - k] + columns[x + k]);
        sums[x] = total;
    }
    return sums;
}

// See a frame from a keyframe.
//
// path: float32 (3, height, width), the way from the frame's pixels to the keyframe's, px right and
// down, and the trust in it, 0..1.
// then, now: uint8 (fine_height, fine_width, 4), what the keyframe and the frame show.
// ways: float32 (2, fine_height, fine_width), the way in px of these; written.
// trust: float32 (fine_height, fine_width), 0..1: how sure it is, by the path and by what both show
// (photometric confidence, Gaussian in the difference); written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_view(
    const float *path, int width, int height,
    const uint8_t *then, const uint8_t *now, int fine_width, int fine_height,
    float *ways, float *trust
) {
    const size_t pixels = (size_t)width * (size_t)height, fine_pixels = (size_t)fine_width * (size_t)fine_height;
    Arena arena = {.size = 4 * fine_pixels + 8 * (stretch_bytes(fine_width) + rows_bytes(fine_width)) +
                           2 * box_bytes(fine_width) + 12 * (size_t)fine_width + (size_t)fine_height + 8192};
    arena.memory = aligned_alloc(64, (arena.size + 63) / 64 * 64);
    if (!arena.memory) return -1;
    enlarge_ways(path, width, height, fine_width, fine_height, ways, arena);
    uint8_t *off = taken(&arena, fine_pixels), *sure = taken(&arena, fine_pixels);
    int32_t *at_x = taken(&arena, sizeof(int32_t) * (size_t)fine_width), *at_y = taken(&arena, sizeof(int32_t) * (size_t)fine_width);
    for (int y = 0; y < fine_height; y++) {
        const ptrdiff_t row = (ptrdiff_t)y * fine_width;
        places(ways + row, 0, 1, (float)(fine_width - 1), fine_width, at_x);
        places(ways + row + fine_pixels, (float)y, 0, (float)(fine_height - 1), fine_width, at_y);
        compare_row(then, now + 4 * row, at_x, at_y, fine_width, fine_height, off + row);
    }
    float by_colour[256];
    for (int k = 0; k < 256; k++) by_colour[k] = 255 * expf(-((float)k / OFF_COLOUR) * ((float)k / OFF_COLOUR));
    const Stretch across = stretch_of(&arena, width, fine_width);
    Rows returns = rows_of(&arena, path + 2 * pixels, width, height, across, fine_height, 1);
    float *returning = taken(&arena, sizeof(float) * (size_t)fine_width);
    const int colour_area = (2 * COLOUR_REACH + 1) * (2 * COLOUR_REACH + 1), area = (2 * SOFTNESS + 1) * (2 * SOFTNESS + 1);
    const Box offs = box_of(&arena, off, fine_width, fine_height, COLOUR_REACH);
    for (int y = 0; y < fine_height; y++) {
        const uint16_t *sums = next_sums(offs, y);
        next_row(&returns, y, returning);
        uint8_t *to = sure + (ptrdiff_t)y * fine_width;
        for (int x = 0; x < fine_width; x++)
            to[x] = (uint8_t)(by_colour[(sums[x] + colour_area / 2) / colour_area] * returning[x] + 0.5f);
    }
    const Box trusts = box_of(&arena, sure, fine_width, fine_height, SOFTNESS);
    for (int y = 0; y < fine_height; y++) {
        const uint16_t *sums = next_sums(trusts, y);
        float *to = trust + (ptrdiff_t)y * fine_width;
        const float scale = 1.0f / (255.0f * (float)area);
        INDEPENDENT
        for (int x = 0; x < fine_width; x++) to[x] = (float)sums[x] * scale;
    }
    free(arena.memory);
    return 0;
}

// A pixel that both keyframes are trusted for less than LOST can't be given by them; one that either
// is trusted for more than GIVEN can.
static const float LOST = 0.15f, GIVEN = 0.5f;

// How far neither of two keyframes gives a pixel, 0..1.
//
// one, other: float32 (count,), the trust in each; lost: float32 (count,), written.
// Returns their mean.
EXPORT float artreel_lost(const float *one, const float *other, int count, float *lost) {
    double total = 0;
    for (int from = 0; from < count; from += 4096) {
        const int to = least(from + 4096, count);
        float sums[16] = {0};
        INDEPENDENT
        for (int k = from; k < to; k++) lost[k] = clamped((GIVEN - fmaxf(one[k], other[k])) / (GIVEN - LOST), 0, 1);
        for (int k = from; k < to; k++) sums[k % 16] += lost[k];
        for (int k = 0; k < 16; k++) total += (double)sums[k];
    }
    return (float)(total / count);
}
