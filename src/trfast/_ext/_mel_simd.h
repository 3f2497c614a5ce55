/* Cepstra or log filter banks, one frame a SIMD lane.
 *
 * Frames lie side by side in a vector, so each butterfly of the FFT, each mel weight and
 * each logarithm is one vector operation on all of them. A frame's arithmetic depends
 * neither on its lane nor on its neighbours: results are the same however the signal is cut
 * into blocks.
 */
#ifndef TRFAST_MEL_SIMD_H
#define TRFAST_MEL_SIMD_H

#include <stdint.h>

typedef struct {
    int window, hop, n_fft, n_mels, n_cepstra; /* window and hop in samples */
    float pre_emphasis, energy_floor;
    float mean_weight; /* of the sum of a frame: goes off its pre-emphasized samples */
    float mel_least;   /* smaller outputs of a filter are raised to it */
    const float *taper;        /* (window,), half the window function */
    const float *twiddles;     /* (n_fft, 2): cos and -sin of 2 pi k / n_fft */
    const int32_t *order;      /* (n_fft / 2,): row where the FFT leaves bin k */
    const int32_t *mel_bounds; /* (n_mels, 2): bins [first, last) of each filter */
    const float *mel_weights;  /* (sum of last - first,): the filters, end to end */
    const float *mel_floor;    /* (n_mels,): added to the outputs */
    const float *dct;          /* (n_cepstra, n_mels); without cepstra, logarithms come out */
} trfast_mel_plan;

/* Bytes of zeroed work space that trfast_mel_frames() needs, whatever the lanes. */
static int64_t trfast_mel_workspace(const trfast_mel_plan *plan) {
    const int64_t columns = 16 + (plan->window - 1) / plan->hop;
    const int64_t rows = plan->n_fft + plan->n_fft / 2 + 1 + plan->n_mels;
    return (int64_t)sizeof(float) * (16 * (rows + 1) + plan->hop * columns);
}

#define TRFAST_LOOPS "_mel_lanes.h"
#include "_instruction_sets.h"

#endif
