/* The squashing function of Appendix A, f(a) = A tanh(S a) = A (1 - 2 / (e^(2 S a) + 1)), on each of n sums.
 * e^z = 2^k e^r with r at most ln 2 / 2, where its series is exact to single precision after eight terms. */
static void lenet5_squash(float *a, int n) {
    int i;
    for (i = 0; i < n; i++) {
        float z = 1.33333333f * (a[i] < 0 ? -a[i] : a[i]), r, e, state;
        int k;
        z = z < 18.0f ? z : 18.0f; /* f is A to the last bit from here on */
        k = (int)(z * 1.44269504f + 0.5f);
        r = z - (float)k * 0.693359375f + (float)k * 2.12194440e-4f; /* ln 2 in two parts */
        e = 1.0f / 720 + r * (1.0f / 5040);
        e = 1.0f + r * (1.0f + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * e)))));
        state = 1.7159f - 3.4318f / (e * (float)((int32_t)1 << k) + 1.0f);
        a[i] = a[i] < 0 ? -state : state;
    }
}

/* out[y][x] += kernel * in[y..y+4][x..x+4] for two rows of maps of the given widths. */
static void lenet5_two_rows(float *out, int width, const float *in, int in_width, const float *kernel) {
    int y, x, ky, kx;
    for (y = 0; y < 2; y++)
        for (ky = 0; ky < 5; ky++)
            for (kx = 0; kx < 5; kx++) {
                const float weight = kernel[5 * ky + kx];
                const float *row = in + (y + ky) * in_width + kx;
                for (x = 0; x < width; x++) out[y * width + x] += weight * row[x];
            }
}

/* Two squashed rows to one of half the width: each window's sum times the coefficient, plus the bias. */
static void lenet5_subsample(float *out, const float *two, int width, float coefficient, float bias) {
    int x;
    for (x = 0; x < width / 2; x++) {
        const float sum = two[2 * x] + two[2 * x + 1] + two[width + 2 * x] + two[width + 2 * x + 1];
        out[x] = sum * coefficient + bias;
    }
    lenet5_squash(out, width / 2);
}

/* units states from all n inputs; n is a multiple of eight. */
static void lenet5_connect(
    float *out, int units, const float *in, int n, const float *weight, const float *bias) {
    int u, i, lane;
    for (u = 0; u < units; u++, weight += n) {
        float part[8]; /* eight sums at once, for processors that add several numbers at a time */
        for (lane = 0; lane < 8; lane++) part[lane] = weight[lane] * in[lane];
        for (i = 8; i < n; i += 8)
            for (lane = 0; lane < 8; lane++) part[lane] += weight[i + lane] * in[i + lane];
        for (lane = 0; lane < 4; lane++) part[lane] += part[lane + 4];
        out[u] = bias[u] + ((part[0] + part[1]) + (part[2] + part[3]));
    }
    lenet5_squash(out, units);
}

int lenet5_recognise(lenet5_workspace *work, const unsigned char *image, float *penalties) {
    float *const s2 = work->s2, *const s4 = work->s4, *const sums = work->sums;
    float *const field = s4;                    /* six rows of the input, until S4 is there */
    float *const c5 = s2, *const f6 = s2 + 120; /* once S2 is read */
    int map, first, pair = 0, y, x, i, row, best = 0;

    /* C1 and S2, two rows of C1 at a time. 1@32x32 -> 6@28x28 -> 6@14x14 */
    for (y = 0; y < 14; y++) {
        for (row = 0; row < 6; row++)
            for (x = 0; x < 32; x++) {
                const int field_y = 2 * y + row - 2, field_x = x - 2;
                const int inside = field_y >= 0 && field_y < 28 && field_x >= 0 && field_x < 28;
                field[32 * row + x] = (inside ? 0.005f * (float)image[28 * field_y + field_x] : 0.0f) - 0.1f;
            }
        for (map = 0; map < 6; map++) {
            for (i = 0; i < 56; i++) sums[i] = lenet5_c1_bias[map];
            lenet5_two_rows(sums, 28, field, 32, lenet5_c1_weight + 25 * map);
            lenet5_squash(sums, 56);
            lenet5_subsample(
                s2 + 196 * map + 14 * y, sums, 28, lenet5_s2_coefficient[map], lenet5_s2_bias[map]);
        }
    }
    /* C3 and S4, likewise. -> 16@10x10 -> 16@5x5 */
    for (map = 0, first = 0; map < 16; map++, first = pair)
        for (y = 0; y < 5; y++) {
            for (i = 0; i < 20; i++) sums[i] = lenet5_c3_bias[map];
            for (pair = first; pair < 60 && lenet5_pairs[pair][0] == map; pair++) {
                const float *in = s2 + 196 * lenet5_pairs[pair][1] + 28 * y;
                lenet5_two_rows(sums, 10, in, 14, lenet5_c3_weight + 25 * pair);
            }
            lenet5_squash(sums, 20);
            lenet5_subsample(
                s4 + 25 * map + 5 * y, sums, 10, lenet5_s4_coefficient[map], lenet5_s4_bias[map]);
        }
    lenet5_connect(c5, 120, s4, 400, lenet5_c5_weight, lenet5_c5_bias);
    lenet5_connect(f6, 84, c5, 120, lenet5_f6_weight, lenet5_f6_bias);
    /* Eq. 7, summed row by row of the 12x7 bitmap, so that little is lost to rounding. */
    for (i = 0; i < LENET5_CLASSES; i++) {
        float penalty = 0;
        for (y = 0; y < 12; y++) {
            float sum = 0;
            for (x = 0; x < 7; x++) {
                const float distance = f6[7 * y + x] - (float)lenet5_codes[84 * i + 7 * y + x];
                sum += distance * distance;
            }
            penalty += sum;
        }
        penalties[i] = penalty;
        if (penalty < penalties[best]) best = i;
    }
    return best;
}

#endif /* LENET5_IMPLEMENTATION */
