"""Mel-frequency cepstra and log filter banks."""

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset

from trfast._ext._scratch cimport allocate, release

cdef extern from "_mel_simd.h" nogil:
    ctypedef struct trfast_mel_plan:
        int window, hop, n_fft, n_mels, n_cepstra
        float pre_emphasis, energy_floor, mean_weight, mel_least
        const float *taper
        const float *twiddles
        const int32_t *order
        const int32_t *mel_bounds
        const float *mel_weights
        const float *mel_floor
        const float *dct
    int64_t trfast_mel_workspace(const trfast_mel_plan *plan)
    int trfast_mel_frames(const trfast_mel_plan *plan, const float *samples,
                          int64_t n_frames, void *workspace, float *out)

include "_chosen.pxi"


def mel_frames(
    const float[::1] samples,          # IN (at least (n_frames - 1) * hop + window,)
    int hop,                           # IN
    float pre_emphasis,                # IN
    float energy_floor,                # IN
    float mean_weight,                 # IN
    const float[::1] taper,            # IN (window,)
    const float[:, ::1] twiddles,      # IN (n_fft, 2)
    const int32_t[::1] order,          # IN (n_fft / 2,)
    const int32_t[:, ::1] mel_bounds,  # IN (n_mels, 2)
    const float[::1] mel_weights,      # IN (sum of the filters' lengths,)
    const float[::1] mel_floor,        # IN (n_mels,)
    float mel_least,                   # IN
    const float[:, ::1] dct,           # IN (n_cepstra, n_mels), or None
    float[:, ::1] out,                 # OUT (n_frames, 1 + n_cepstra), or (n_frames, n_mels)
):
    """Fill `out`; return whether the energy of every frame is a plausible number."""
    cdef trfast_mel_plan plan
    cdef int64_t n_frames = out.shape[0]
    cdef int64_t size
    cdef void *scratch
    cdef int plausible
    if n_frames == 0:
        return True
    plan.window, plan.hop, plan.n_fft = <int> taper.shape[0], hop, <int> twiddles.shape[0]
    plan.n_mels, plan.n_cepstra, plan.dct = <int> mel_floor.shape[0], 0, NULL
    if dct is not None:
        plan.n_cepstra, plan.dct = <int> dct.shape[0], &dct[0, 0]
    plan.pre_emphasis, plan.energy_floor = pre_emphasis, energy_floor
    plan.mean_weight, plan.mel_least = mean_weight, mel_least
    plan.taper, plan.twiddles, plan.order = &taper[0], &twiddles[0, 0], &order[0]
    plan.mel_bounds, plan.mel_weights = &mel_bounds[0, 0], &mel_weights[0]
    plan.mel_floor = &mel_floor[0]
    size = trfast_mel_workspace(&plan)
    scratch = allocate(size)
    memset(scratch, 0, size)
    try:
        with nogil:
            plausible = trfast_mel_frames(&plan, &samples[0], n_frames, scratch, &out[0, 0])
    finally:
        release(scratch)
    return bool(plausible)
