/* What the triplet network does between matrix products, for float and double. */
#ifndef TRFAST_TRIPLET_H
#define TRFAST_TRIPLET_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "_clones.h"

/* tanh(x) for |x| <= 20, relative error below 4e-7: from m = exp(-2 |x|) - 1 = 2^n 2^f - 1, where 2^f - 1 is
 * the Taylor polynomial on |f| <= 1/2, as -m / (2 + m). */
static inline float trfast_tanh_f32(float x) {
    float t = -2.88539008178f * fabsf(x);
    int32_t n = (int32_t)(t - 0.5f);
    float f = t - (float)n;
    float p = 1.5252734e-5f;
    p = p * f + 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    union { int32_t i; float f; } scale;
    scale.i = (n + 127) << 23;
    /* Apart for n = 0: the compiler may reorder the sum, and so lose what is small. */
    float m = n == 0 ? p * f : scale.f * (p * f) + (scale.f - 1.0f);
    return copysignf(m / (2.0f + m), x);
}

static inline double trfast_tanh_f64(double x) { return tanh(x); }
static inline float trfast_sqrt_f32(float x) { return sqrtf(x); }
static inline double trfast_sqrt_f64(double x) { return sqrt(x); }

#define T float
#define NAME(x) x##_f32
#include "_triplet_rows.h"
#undef T
#undef NAME
#define T double
#define NAME(x) x##_f64
#include "_triplet_rows.h"
#undef T
#undef NAME

#endif
