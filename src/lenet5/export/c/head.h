/* LeNet-5 as published in 1998 (LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document
 * Recognition, Proceedings of the IEEE 86(11)), trained, in one header of C99 that is C++ too.
 *
 * Written by lenet5 @VERSION@; weights: @KIND@; classes: @CLASSES@
 * figures: @FIGURES@
 *
 * In exactly one source file, ask for the code and the weights; elsewhere include the header alone:
 *
 *     #define LENET5_IMPLEMENTATION
 *     #include "lenet5.h"
 *
 *     static lenet5_workspace work;
 *     float penalties[LENET5_CLASSES];
 *     int best = lenet5_recognise(&work, image, penalties);
 *     puts(lenet5_names[best]);
 *
 * Flash: @FLASH@ bytes of weights and tables, and some kilobytes of code. RAM: the workspace, @RAM@ bytes,
 * and less than 400 bytes of stack (on Cortex-M). No heap, no library (not even the mathematics), nothing
 * global that changes: threads share all but their workspaces.
 */
#ifndef LENET5_H
#define LENET5_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LENET5_CLASSES @COUNT@

/* Constants of the confidence, as calibrated: with penalties y, the probability of class i is
 * exp(-s y[i]) / (exp(-j) + the sum of exp(-s y[k]) over all classes); what lacks to 1 is that of no character. */
#define LENET5_SCALE @SCALE@ /* s */
#define LENET5_J @J@
#define LENET5_THRESHOLD @THRESHOLD@ /* an answer of less confidence is to be refused */

/* What lenet5_recognise works in; what it held before is of no matter. */
@WORKSPACE@

/* The name of each class, in UTF-8. */
extern const char *const lenet5_names[LENET5_CLASSES];

/* Returns the index of the class of least penalty, and the penalty of every class (eq. 7 of the paper: the
 * squared distance of layer F6's state from the class's code) in `penalties`.
 *
 * image: 28 rows of 28 bytes, 0 = paper, 255 = ink; a character of at most 20 by 20, centred by its mass. */
int lenet5_recognise(lenet5_workspace *work, const unsigned char *image, float *penalties);

#ifdef __cplusplus
}
#endif

#endif /* LENET5_H */

#if defined(LENET5_IMPLEMENTATION) && !defined(LENET5_IMPLEMENTED)
#define LENET5_IMPLEMENTED

const char *const lenet5_names[LENET5_CLASSES] = {@NAMES@};

/* Table I: the map of C3 that each of its sixty kernels writes to, and the map of S2 that it reads. */
static const unsigned char lenet5_pairs[60][2] = {@PAIRS@};

@ARRAYS@
