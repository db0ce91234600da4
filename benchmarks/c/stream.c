/* Images of 28 by 28 bytes on standard input, the penalties of each, as floats, on standard output. */
#include <stdio.h>

#define LENET5_IMPLEMENTATION
#include "lenet5.h"

static lenet5_workspace work;
static unsigned char image[28 * 28];
static float penalties[LENET5_CLASSES];

int main(void) {
    while (fread(image, 1, sizeof image, stdin) == sizeof image) {
        int i, best = lenet5_recognise(&work, image, penalties);
        for (i = 0; i < LENET5_CLASSES; i++)
            if (penalties[i] < penalties[best]) return 1; /* the answer must be the smallest */
        fwrite(penalties, sizeof penalties[0], LENET5_CLASSES, stdout);
    }
    return 0;
}
