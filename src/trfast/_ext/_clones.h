/* TRFAST_CLONES marks a function whose loops the compiler turns into SIMD code: with GCC on
 * x86-64 Linux it is compiled for AVX-512, AVX2 and the baseline, and the loader picks one;
 * elsewhere it is plain C.
 */
#ifndef TRFAST_CLONES
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && __GNUC__ >= 12 \
    && !defined(__clang__)
#define TRFAST_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TRFAST_CLONES
#endif
#endif
