// Pictures as codecs have them, luma and chroma at half size (4:2:0), and as red, green and blue.
//
// Chroma lies between two rows of luma and in the column of the left of two pixels, as in MPEG-2,
// H.264 and all after them where they say nothing else.

#include "plane.h"

static inline int half_up(int side) { return (side + 1) / 2; }

// Chroma for a row of luma, from the nearer of two rows and the one beyond, eightfold and from nought.
static void widen_row(const uint8_t *near, const uint8_t *beyond, int width, int16_t *sums, int16_t *wide) {
    const int count = half_up(width);
    INDEPENDENT
    for (int x = 0; x < count; x++) sums[x] = (int16_t)(3 * near[x] + beyond[x] - 512);
    sums[count] = sums[count - 1];
    INDEPENDENT
    for (int x = 0; x < count; x++) {
        wide[2 * x] = (int16_t)(2 * sums[x]);
        wide[2 * x + 1] = (int16_t)(sums[x] + sums[x + 1]);
    }
}

// A decoded picture as red, green and blue.
//
// picture: uint8, planes of luma (height, width), then of blue- and of red-difference, half as wide
// and high, rounded up.
// red, blue: weights of these in luma, as the matrix of the video has them.
// is_full: whether numbers use 0..255 rather than 16..235 (luma) and 16..240 (chroma).
// rgb: uint8 (height, width, 3), full range; written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_from_video(const uint8_t *picture, int width, int height, float red, float blue, int is_full, uint8_t *rgb) {
    const int count = half_up(width), rows = half_up(height);
    const float green = 1 - red - blue, one = 8192 * (is_full ? 1 : 255.0f / 219), chroma = 1024 * (is_full ? 1 : 255.0f / 224);
    const int luma_one = (int)(one + 0.5f), dark = is_full ? 0 : 16;
    const int to_red = (int)(2 * (1 - red) * chroma + 0.5f), to_blue = (int)(2 * (1 - blue) * chroma + 0.5f);
    const int green_red = (int)(2 * (1 - red) * red / green * chroma + 0.5f);
    const int green_blue = (int)(2 * (1 - blue) * blue / green * chroma + 0.5f);
    const uint8_t *blues = picture + (ptrdiff_t)width * height, *reds = blues + (ptrdiff_t)count * rows;
    int16_t *memory = malloc(sizeof(int16_t) * (size_t)(6 * (count + 8)));
    if (!memory) return -1;
    int16_t *sums = memory, *wide_blue = sums + count + 8, *wide_red = wide_blue + 2 * (count + 8);
    for (int y = 0; y < height; y++) {
        const int at = y / 2, beyond = most(0, least(rows - 1, y % 2 ? at + 1 : at - 1));
        widen_row(blues + (ptrdiff_t)at * count, blues + (ptrdiff_t)beyond * count, width, sums, wide_blue);
        widen_row(reds + (ptrdiff_t)at * count, reds + (ptrdiff_t)beyond * count, width, sums, wide_red);
        const uint8_t *luma = picture + (ptrdiff_t)y * width;
        uint8_t *to = rgb + 3 * (ptrdiff_t)y * width;
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            const int base = luma_one * (luma[x] - dark) + 4096, cb = wide_blue[x], cr = wide_red[x];
            to[3 * x] = byte_of((base + to_red * cr) >> 13);
            to[3 * x + 1] = byte_of((base - green_red * cr - green_blue * cb) >> 13);
            to[3 * x + 2] = byte_of((base + to_blue * cb) >> 13);
        }
    }
    free(memory);
    return 0;
}

// A picture as BT.709 video of limited range, for an encoder.
//
// rgb: uint8 (height, width, 3), full range.
// picture: as artreel_from_video takes it; written.
// Returns 0, or -1 where there is no memory.
EXPORT int artreel_to_video(const uint8_t *rgb, int width, int height, uint8_t *picture) {
    const int count = half_up(width), rows = half_up(height);
    const float one = 16384 * 219 / 255.0f, chroma = 16384 * 224 / 255.0f;
    const int luma_red = (int)(0.2126f * one + 0.5f), luma_green = (int)(0.7152f * one + 0.5f), luma_blue = (int)(0.0722f * one + 0.5f);
    // Differences from blue and from red: what these get is what the others lose, so grey stays grey.
    const int blue_red = (int)(0.2126f / 1.8556f * chroma + 0.5f), blue_green = (int)(0.7152f / 1.8556f * chroma + 0.5f);
    const int red_green = (int)(0.7152f / 1.5748f * chroma + 0.5f), red_blue = (int)(0.0722f / 1.5748f * chroma + 0.5f);
    uint8_t *blues = picture + (ptrdiff_t)width * height, *reds = blues + (ptrdiff_t)count * rows;
    int16_t *memory = malloc(sizeof(int16_t) * (size_t)(3 * (2 * count + 8)));
    if (!memory) return -1;
    int16_t *sums[3];  // of two rows: red, green, blue, with a pixel beyond each border
    for (int k = 0; k < 3; k++) sums[k] = memory + k * (2 * count + 8) + 2;
    for (int y = 0; y < height; y++) {
        const uint8_t *from = rgb + 3 * (ptrdiff_t)y * width;
        uint8_t *to = picture + (ptrdiff_t)y * width;
        INDEPENDENT
        for (int x = 0; x < width; x++)
            to[x] = (uint8_t)((luma_red * from[3 * x] + luma_green * from[3 * x + 1] + luma_blue * from[3 * x + 2] + (16 << 14) + 8192) >> 14);
        if (y % 2) continue;
        const uint8_t *low = y + 1 < height ? from + 3 * (ptrdiff_t)width : from;
        int16_t *r = sums[0], *g = sums[1], *b = sums[2];
        INDEPENDENT
        for (int x = 0; x < width; x++) {
            r[x] = (int16_t)(from[3 * x] + low[3 * x]);
            g[x] = (int16_t)(from[3 * x + 1] + low[3 * x + 1]);
            b[x] = (int16_t)(from[3 * x + 2] + low[3 * x + 2]);
        }
        for (int k = 0; k < 3; k++) {
            sums[k][-1] = sums[k][0];
            for (int x = width; x <= 2 * count; x++) sums[k][x] = sums[k][width - 1];
        }
        uint8_t *to_blue = blues + (ptrdiff_t)(y / 2) * count, *to_red = reds + (ptrdiff_t)(y / 2) * count;
        INDEPENDENT
        for (int x = 0; x < count; x++) {
            const int middle = 2 * x;  // sums of eight
            const int rr = r[middle - 1] + 2 * r[middle] + r[middle + 1];
            const int gg = g[middle - 1] + 2 * g[middle] + g[middle + 1];
            const int bb = b[middle - 1] + 2 * b[middle] + b[middle + 1];
            to_blue[x] = (uint8_t)((blue_red * (bb - rr) + blue_green * (bb - gg) + (128 << 17) + 65536) >> 17);
            to_red[x] = (uint8_t)((red_green * (rr - gg) + red_blue * (rr - bb) + (128 << 17) + 65536) >> 17);
        }
    }
    free(memory);
    return 0;
}
