/* One source, several instruction sets.
 *
 * A kernel names the header that has its loops by TRFAST_LOOPS. It is included here once an
 * instruction set, each time with other meanings of
 *
 *   SET(x)        x_avx512, x_avx2 or x_portable, the name of a function for this set;
 *   TARGET        stands before a function, and has the compiler use the set;
 *   VECTOR_BYTES  size of a vector, 0 if the compiler has no vector types.
 *
 * TRFAST_CHOSEN(x) is the one that trfast._ext has chosen, for all kernels at once. Other
 * compilers than GCC and clang, and other processors, get plain C under the same names.
 * Results may differ in the last bits from one set to another.
 */
#ifndef TRFAST_INSTRUCTION_SETS_H
#define TRFAST_INSTRUCTION_SETS_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) \
    && (defined(__clang__) ? __clang_major__ >= 13 : __GNUC__ >= 12)
#define TRFAST_X86
#endif

enum { TRFAST_PORTABLE, TRFAST_AVX2, TRFAST_AVX512 };

/* The best set of this machine. What else x86-64-v3 and v4 stand for comes with these. */
static inline int trfast_best_instruction_set(void) {
#ifdef TRFAST_X86
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")
        || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
        return TRFAST_PORTABLE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw")
        || !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq")
        || !__builtin_cpu_supports("avx512vl"))
        return TRFAST_AVX2;
    return TRFAST_AVX512;
#else
    return TRFAST_PORTABLE;
#endif
}

#ifdef TRFAST_LOOPS

/* Where _instruction_set.pyx keeps the choice. */
static const int *trfast_chosen;

#ifdef TRFAST_X86
#define TRFAST_CHOSEN(x) \
    (*trfast_chosen == TRFAST_AVX512 ? x##_avx512 : *trfast_chosen == TRFAST_AVX2 ? x##_avx2 \
     : x##_portable)

#define SET(x) x##_avx512
#define TARGET __attribute__((target("arch=x86-64-v4")))
#define VECTOR_BYTES 64
#include TRFAST_LOOPS
#undef SET
#undef TARGET
#undef VECTOR_BYTES

#define SET(x) x##_avx2
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define VECTOR_BYTES 32
#include TRFAST_LOOPS
#undef SET
#undef TARGET
#undef VECTOR_BYTES
#else
#define TRFAST_CHOSEN(x) x##_portable
#endif

#define SET(x) x##_portable
#define TARGET
#ifdef __GNUC__
#define VECTOR_BYTES 16 /* suits SSE2 and NEON */
#else
#define VECTOR_BYTES 0
#endif
#include TRFAST_LOOPS
#undef SET
#undef TARGET
#undef VECTOR_BYTES

#endif
#endif
