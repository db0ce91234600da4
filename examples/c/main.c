/* Reads the character in a PGM picture (the binary kind, P5, of one byte a pixel).
 *
 *     lenet5 export reading --to c --out lenet5.h
 *     cc -std=c99 -O3 -I. examples/c/main.c -o recognise -lm
 *     ./recognise examples/c/digit.pgm
 *
 * Pencil on paper or chalk on slate: what most of the border is made of is taken for the paper. A picture of
 * 28 by 28 is taken as it is; in any other, the character is cut out, brought to 20 by 20 at most and centred
 * by its mass in a field of 28 by 28, as the pictures of MNIST were. Scans will do; for photographs, with their
 * shadows, `lenet5 read` does more.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LENET5_IMPLEMENTATION
#include "lenet5.h"

#define MOST 2048 /* pixels along a side */

static unsigned char picture[MOST * MOST], image[28 * 28];
static lenet5_workspace work;

/* The next number of the header, past blanks and comments; -1 if there is none. */
static int header_number(FILE *file) {
    int c = getc(file), number = -1;
    while (isspace(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF) c = getc(file);
        else
            c = getc(file);
    }
    while (isdigit(c) && number < 100000) {
        number = (number < 0 ? 0 : 10 * number) + (c - '0');
        c = getc(file);
    }
    return isspace(c) ? number : -1; /* exactly one blank ends the header */
}

/* Fills `picture`; returns what is wrong, or NULL. */
static const char *read_pgm(const char *path, int *width, int *height) {
    FILE *file = fopen(path, "rb");
    const char *wrong = NULL;
    int white;
    if (!file) return "cannot be opened";
    if (getc(file) != 'P' || getc(file) != '5')
        wrong = "is not a binary PGM (P5)";
    else {
        *width = header_number(file);
        *height = header_number(file);
        white = header_number(file);
        if (*width < 1 || *height < 1 || white != 255)
            wrong = "has a damaged header, or more than a byte a pixel";
        else if (*width > MOST || *height > MOST)
            wrong = "is larger than 2048 by 2048";
        else if (fread(picture, (size_t)*width, (size_t)*height, file) != (size_t)*height)
            wrong = "is truncated";
    }
    fclose(file);
    return wrong;
}

/* Turns `picture` so that paper is dark and ink is light, as the network takes them. */
static void make_ink_light(int width, int height) {
    long light = 0, border = 0, i;
    for (i = 0; i < (long)width * height; i++) {
        const long x = i % width, y = i / width;
        if (x == 0 || y == 0 || x == width - 1 || y == height - 1) {
            border++;
            light += picture[i] > 127;
        }
    }
    if (2 * light > border)
        for (i = 0; i < (long)width * height; i++) picture[i] = (unsigned char)(255 - picture[i]);
}

/* The character in `picture`, at most 20 by 20 and centred, into `image`. Returns 0 if there is no ink. */
static int cut_out(int width, int height) {
    int left = width, right = -1, top = height, bottom = -1, most = 0, side, w, h, x, y, u, v;
    double mass = 0, mass_x = 0, mass_y = 0;
    unsigned char small[20][20];
    for (x = 0; x < width * height; x++) most = picture[x] > most ? picture[x] : most;
    if (most < 32) return 0;
    for (y = 0; y < height; y++)
        for (x = 0; x < width; x++)
            if (2 * picture[y * width + x] > most) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y > bottom ? y : bottom;
            }
    w = right - left + 1;
    h = bottom - top + 1;
    side = w > h ? w : h;
    w = (20 * w + side - 1) / side;
    h = (20 * h + side - 1) / side;
    for (v = 0; v < h; v++)
        for (u = 0; u < w; u++) {
            /* The mean of the pixels that fall on this one; where the picture is enlarged, the nearest. */
            const int x0 = left + u * side / 20, y0 = top + v * side / 20;
            int x1 = left + (u + 1) * side / 20, y1 = top + (v + 1) * side / 20;
            long sum = 0, count = 0;
            x1 = x1 > x0 ? x1 : x0 + 1;
            y1 = y1 > y0 ? y1 : y0 + 1;
            for (y = y0; y < y1 && y <= bottom; y++)
                for (x = x0; x < x1 && x <= right; x++, count++) sum += picture[y * width + x];
            sum = count ? 255 * sum / (count * most) : 0;
            small[v][u] = (unsigned char)sum;
            mass += (double)sum;
            mass_x += (double)sum * u;
            mass_y += (double)sum * v;
        }
    if (mass < 1) return 0;
    x = (int)(14.0 - mass_x / mass); /* where the first column goes, so that the middle of the mass is at 14 */
    y = (int)(14.0 - mass_y / mass);
    x = x < 0 ? 0 : x > 28 - w ? 28 - w : x;
    y = y < 0 ? 0 : y > 28 - h ? 28 - h : y;
    memset(image, 0, sizeof image);
    for (v = 0; v < h; v++) memcpy(image + 28 * (y + v) + x, small[v], (size_t)w);
    return 1;
}

/* The calibrated probability of class i (eq. 9's posterior), from all penalties. */
static double confidence(const float *penalties, int i) {
    double sum = exp(LENET5_SCALE * (double)penalties[i] - LENET5_J);
    int k;
    for (k = 0; k < LENET5_CLASSES; k++) sum += exp(LENET5_SCALE * ((double)penalties[i] - (double)penalties[k]));
    return 1 / sum;
}

int main(int count, char **arguments) {
    float penalties[LENET5_CLASSES];
    int width = 0, height = 0, best, next, i;
    const char *wrong;
    if (count != 2) {
        fprintf(stderr, "usage: %s picture.pgm\n", arguments[0]);
        return 2;
    }
    wrong = read_pgm(arguments[1], &width, &height);
    if (wrong) {
        fprintf(stderr, "%s %s\n", arguments[1], wrong);
        return 1;
    }
    make_ink_light(width, height);
    if (width == 28 && height == 28)
        memcpy(image, picture, sizeof image);
    else if (!cut_out(width, height)) {
        fprintf(stderr, "%s has no ink\n", arguments[1]);
        return 1;
    }
    best = lenet5_recognise(&work, image, penalties);
    next = best ? 0 : 1;
    for (i = 0; i < LENET5_CLASSES; i++)
        if (i != best && penalties[i] < penalties[next]) next = i;
    printf("%s (%s at %.1f%%; next %s, %.1f%%)\n",
           confidence(penalties, best) < (double)LENET5_THRESHOLD ? "?" : lenet5_names[best], lenet5_names[best],
           100 * confidence(penalties, best), lenet5_names[next], 100 * confidence(penalties, next));
    return 0;
}
