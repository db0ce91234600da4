/* A sum as a state: f(a) = A tanh(S a) in steps of A / 127. `sum` is S a in steps of 2^-32; the table has tanh
 * for every 2^-8 up to 4, beyond which it rounds to 1. */
static int lenet5_squash(int64_t sum) {
    const uint64_t size = ((sum < 0 ? (uint64_t)-sum : (uint64_t)sum) + ((uint64_t)1 << 23)) >> 24;
    const int state = size < 1024 ? lenet5_tanh[size] : 127;
    return sum < 0 ? -state : state;
}

/* Two rows of squashed sums to one of half the width: each window's sum times coefficient, plus bias. */
static void lenet5_subsample(
    signed char *out, const int32_t *two, int width, int32_t step, int64_t coefficient, int64_t bias) {
    int x, y;
    for (x = 0; x < width / 2; x++) {
        int sum = 0;
        for (y = 0; y < 4; y++) sum += lenet5_squash((int64_t)two[width * (y / 2) + 2 * x + y % 2] * step);
        out[x] = (signed char)lenet5_squash(sum * coefficient + bias);
    }
}

/* units states from n inputs. */
static void lenet5_connect(signed char *out, int units, const signed char *in, int n, const signed char *weight,
                           const int32_t *bias, const int32_t *step) {
    int u, i;
    for (u = 0; u < units; u++, weight += n) {
        int32_t sum = bias[u];
        for (i = 0; i < n; i++) sum += weight[i] * in[i];
        out[u] = (signed char)lenet5_squash((int64_t)sum * step[u]);
    }
}

int lenet5_recognise(lenet5_workspace *work, const unsigned char *image, float *penalties) {
    signed char *const s2 = work->s2, *const s4 = work->s4;
    signed char *const c5 = s2, *const f6 = s2 + 120; /* once S2 is read */
    int32_t *const sums = work->sums;
    int map, pair = 0, first, y, x, i, ky, kx, row, best = 0;
    int32_t length = 0;

    /* C1 and S2, two rows of C1 at a time. 1@32x32 -> 6@28x28 -> 6@14x14. Paper is 0; its -0.1 is in the bias. */
    for (y = 0; y < 14; y++) {
        for (row = 0; row < 6; row++)
            for (x = 0; x < 32; x++) {
                const int field_y = 2 * y + row - 2, field_x = x - 2;
                const int inside = field_y >= 0 && field_y < 28 && field_x >= 0 && field_x < 28;
                work->field[32 * row + x] = inside ? image[28 * field_y + field_x] : 0;
            }
        for (map = 0; map < 6; map++) {
            for (i = 0; i < 56; i++) sums[i] = lenet5_c1_bias[map];
            for (row = 0; row < 2; row++)
                for (ky = 0; ky < 5; ky++)
                    for (kx = 0; kx < 5; kx++) {
                        const int weight = lenet5_c1_weight[25 * map + 5 * ky + kx];
                        const unsigned char *in = work->field + 32 * (row + ky) + kx;
                        for (x = 0; x < 28; x++) sums[28 * row + x] += weight * in[x];
                    }
            lenet5_subsample(s2 + 196 * map + 14 * y, sums, 28, lenet5_c1_step[map], lenet5_s2_coefficient[map],
                             lenet5_s2_bias[map]);
        }
    }
    /* C3 and S4, likewise. -> 16@10x10 -> 16@5x5 */
    for (map = 0, first = 0; map < 16; map++, first = pair)
        for (y = 0; y < 5; y++) {
            for (i = 0; i < 20; i++) sums[i] = lenet5_c3_bias[map];
            for (pair = first; pair < 60 && lenet5_pairs[pair][0] == map; pair++)
                for (row = 0; row < 2; row++)
                    for (ky = 0; ky < 5; ky++)
                        for (kx = 0; kx < 5; kx++) {
                            const int weight = lenet5_c3_weight[25 * pair + 5 * ky + kx];
                            const int top = 196 * lenet5_pairs[pair][1] + 14 * (2 * y + row + ky);
                            const signed char *in = s2 + top + kx;
                            for (x = 0; x < 10; x++) sums[10 * row + x] += weight * in[x];
                        }
            lenet5_subsample(s4 + 25 * map + 5 * y, sums, 10, lenet5_c3_step[map], lenet5_s4_coefficient[map],
                             lenet5_s4_bias[map]);
        }
    lenet5_connect(c5, 120, s4, 400, lenet5_c5_weight, lenet5_c5_bias, lenet5_c5_step);
    lenet5_connect(f6, 84, c5, 120, lenet5_f6_weight, lenet5_f6_bias, lenet5_f6_step);
    /* Eq. 7 multiplied out, |x|^2 - 2 x.w + |w|^2, of which the sums are whole numbers. */
    for (i = 0; i < 84; i++) length += f6[i] * f6[i];
    for (i = 0; i < LENET5_CLASSES; i++) {
        int32_t product = 0;
        for (x = 0; x < 84; x++) product += (int32_t)f6[x] * lenet5_codes[84 * i + x];
        penalties[i] = (float)length * LENET5_LENGTH - (float)product * LENET5_PRODUCT + lenet5_squares[i];
        if (penalties[i] < penalties[best]) best = i;
    }
    return best;
}

#endif /* LENET5_IMPLEMENTATION */
