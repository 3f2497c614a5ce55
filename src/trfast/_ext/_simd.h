/* Loops that the compiler turns into SIMD code: the header that a kernel names by
 * TRFAST_ROWS, for T = float and T = double. */
#ifndef TRFAST_SIMD_H
#define TRFAST_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_clones.h"

/* Least argument of the exponential below: products with exp(-60) are not denormal yet. */
#define TRFAST_LOWEST -60.0f

/* exp(x) for x in -60..0: 2^n by the exponent's bits, the rest by the Taylor polynomial of 2^f
 * on |f| <= 1/2. The relative error is below 4e-7 - 7e-8 x. */
static inline float trfast_exp_neg_f32(float x) {
    float t = x * 1.44269504089f;
    int32_t n = (int32_t)(t - 0.5f);
    float f = t - (float)n;
    float p = 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    int32_t bits = (n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

static inline double trfast_exp_neg_f64(double x) { return exp(x); }

/* Most frames at a time, and what their number is padded to a multiple of. */
#define TRFAST_BLOCK 256
#define TRFAST_LANES 16

#define T float
#define NAME(x) x##_f32
#include TRFAST_ROWS
#undef T
#undef NAME
#define T double
#define NAME(x) x##_f64
#include TRFAST_ROWS
#undef T
#undef NAME

#endif
