/* Loops that the compiler turns into SIMD code: the header that a kernel names by
 * TRFAST_ROWS, for T = float and T = double, with SET and TARGET of _instruction_sets.h. */

/* Least argument of the exponential below: products with exp(-60) are not denormal yet. */
#define TRFAST_LOWEST -60.0f

/* 2^t = OUT scale * (1 + the result), for t in -126..0: scale = 2^n by the exponent's bits, and
 * 2^f - 1 by the polynomial of least relative error, 3e-8, on |f| <= 1/2. */
TARGET
static inline float SET(trfast_exp2_parts)(float t, float *scale) {
    int32_t n = (int32_t)(t - 0.5f);
    float f = t - (float)n;
    float p = 1.54033725e-4f;
    p = p * f + 1.33907353e-3f;
    p = p * f + 9.61823761e-3f;
    p = p * f + 5.55035733e-2f;
    p = p * f + 2.40226492e-1f;
    p = p * f + 6.93147182e-1f;
    int32_t bits = (n + 127) << 23;
    memcpy(scale, &bits, sizeof bits);
    return p * f;
}

/* exp(x) for x in -60..0; the relative error is below 3e-7 - 7e-8 x. */
TARGET
static inline float SET(trfast_exp_neg_f32)(float x) {
    float scale, rest = SET(trfast_exp2_parts)(x * 1.44269504089f, &scale);
    return scale * rest + scale;
}

TARGET
static inline double SET(trfast_exp_neg_f64)(double x) { return exp(x); }

/* tanh(x) for |x| <= 20, relative error below 4e-7: -m / (2 + m) of m = exp(-2 |x|) - 1. */
TARGET
static inline float SET(trfast_tanh_f32)(float x) {
    float scale, rest = SET(trfast_exp2_parts)(-2.88539008178f * fabsf(x), &scale);
    /* Apart for 2^0: the compiler may reorder the sum, and so lose what is small. */
    float m = scale == 1.0f ? rest : scale * rest + (scale - 1.0f);
    return copysignf(m / (2.0f + m), x);
}

TARGET
static inline double SET(trfast_tanh_f64)(double x) { return tanh(x); }
TARGET
static inline float SET(trfast_sqrt_f32)(float x) { return sqrtf(x); }
TARGET
static inline double SET(trfast_sqrt_f64)(double x) { return sqrt(x); }

/* Leave INOUT x, which is positive and no denormal, in 1..2; return the exponent of 2 it lost. */
TARGET
static inline float SET(trfast_split_f32)(float *x) {
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    const int32_t rest = (bits & 0x007fffff) | 0x3f800000;
    memcpy(x, &rest, sizeof rest);
    return (float)((bits >> 23) - 127);
}

TARGET
static inline double SET(trfast_split_f64)(double *x) {
    int64_t bits;
    memcpy(&bits, x, sizeof bits);
    const int64_t rest = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
    memcpy(x, &rest, sizeof rest);
    return (double)((bits >> 52) - 1023);
}

/* Most frames at a time, and what their number is padded to a multiple of. */
#define TRFAST_BLOCK 256
#define TRFAST_LANES 16

#define T float
#define NAME(x) SET(x##_f32)
#include TRFAST_ROWS
#undef T
#undef NAME
#define T double
#define NAME(x) SET(x##_f64)
#include TRFAST_ROWS
#undef T
#undef NAME
