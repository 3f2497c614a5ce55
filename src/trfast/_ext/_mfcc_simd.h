/* MFCC frames, one frame a SIMD lane.
 *
 * Frames lie side by side in a vector, so each butterfly of the FFT, each mel weight and
 * each logarithm is one vector operation on all of them. A frame's arithmetic depends
 * neither on its lane nor on its neighbours: results are the same however the signal is cut
 * into blocks.
 */
#ifndef TRFAST_MFCC_SIMD_H
#define TRFAST_MFCC_SIMD_H

#include <stdint.h>

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

/* Bytes of zeroed work space that trfast_mfcc_frames() needs, whatever the lanes. */
static int64_t trfast_mfcc_workspace(const trfast_mfcc_plan *plan) {
    const int64_t columns = 16 + (plan->window - 1) / plan->hop;
    const int64_t rows = plan->n_fft + plan->n_fft / 2 + 1 + plan->n_mels;
    return (int64_t)sizeof(float) * (16 * (rows + 1) + plan->hop * columns);
}

#define TRFAST_LOOPS "_mfcc_lanes.h"
#include "_instruction_sets.h"

#endif
