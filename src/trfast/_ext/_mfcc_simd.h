/* MFCC frames, one frame a SIMD lane: the plan, and one kernel an instruction set.
 *
 * Frames lie side by side in a vector, so each butterfly of the FFT, each mel weight and
 * each logarithm is one vector operation on all of them. A frame's arithmetic depends
 * neither on its lane nor on its neighbours: results are the same however the signal is cut
 * into blocks. They may differ in the last bits from one instruction set to another.
 */
#ifndef TRFAST_MFCC_SIMD_H
#define TRFAST_MFCC_SIMD_H

#include <float.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    int window, hop, n_fft, n_mels, n_cepstra; /* window and hop in samples */
    float pre_emphasis, energy_floor;
    const float *taper;        /* (window,), half the window function */
    const float *twiddles;     /* (n_fft, 2): cos and -sin of 2 pi k / n_fft */
    const int32_t *order;      /* (n_fft / 2,): row where the FFT leaves bin k */
    const int32_t *mel_bounds; /* (n_mels, 2): bins [first, last) of each filter */
    const float *mel_weights;  /* (sum of last - first,): the filters, end to end */
    const float *mel_floor;    /* (n_mels,) */
    const float *dct;          /* (n_cepstra, n_mels) */
} trfast_mfcc_plan;

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define TRFAST_MFCC_X86
#define LANES 16
#define NAME(x) x##_avx512
#define TARGET __attribute__((target("avx512f,fma")))
#include "_mfcc_lanes.h"
#undef LANES
#undef NAME
#undef TARGET
#define LANES 8
#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#include "_mfcc_lanes.h"
#undef LANES
#undef NAME
#undef TARGET
#endif

/* Four lanes suit SSE2 and NEON; a compiler without vector types gets plain scalars. */
#if defined(__GNUC__)
#define LANES 4
#else
#define LANES 1
#endif
#define NAME(x) x##_portable
#define TARGET
#include "_mfcc_lanes.h"
#undef LANES
#undef NAME
#undef TARGET

/* Bytes of zeroed work space that trfast_mfcc_frames() needs, whatever the lanes. */
static int64_t trfast_mfcc_workspace(const trfast_mfcc_plan *plan) {
    const int64_t columns = 16 + (plan->window - 1) / plan->hop;
    const int64_t rows = plan->n_fft + plan->n_fft / 2 + 1 + plan->n_mels;
    return (int64_t)sizeof(float) * (16 * (rows + 1) + plan->hop * columns);
}

/* OUT out (n_frames, 1 + n_cepstra): log-energy and cepstra of IN samples, of which there are
 * (n_frames - 1) * hop + window. Returns 0 if a frame's energy is 1e30 or more, or NaN. */
static int trfast_mfcc_frames(const trfast_mfcc_plan *plan, const float *samples,
                              int64_t n_frames, void *workspace, float *out) {
#ifdef TRFAST_MFCC_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma"))
        return mfcc_frames_avx512(plan, samples, n_frames, workspace, out);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return mfcc_frames_avx2(plan, samples, n_frames, workspace, out);
#endif
    return mfcc_frames_portable(plan, samples, n_frames, workspace, out);
}

#endif
