"""Kernels of the cosine scoring: which pairs of rows reach a threshold.

Tile by tile, an upper bound of each cosine comes first: the product of the rows' codes, which
are 8-bit integers or float32. Only pairs whose bound reaches the threshold are looked at
again, in double precision from the rows themselves. So the answer depends neither on the kind
of codes, nor on the tiles, nor on the number of threads.

A tile is `WIDTH` rows of a band against up to `HEIGHT` rows from there on.
"""

from cython cimport floating
from cython.parallel cimport prange, threadid
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t
from libc.string cimport memcpy

from trfast._ext._blas cimport gemm
from trfast._ext._scratch cimport allocate, release, whole_lines
from trfast._ext._union_find cimport find_root, join_roots

cdef extern from "_cosine_bound.h" nogil:
    bint trfast_has_int8()
    double trfast_dot_f32(const float* a, const float* b, int d)
    double trfast_dot_f64(const double* a, const double* b, int d)
    bint trfast_any_reaches(const float* values, int n, float least)
    void trfast_pack_int8(const int8_t* codes, int n, int quads, uint8_t* panels)
    int trfast_reach_int8(
        const uint8_t* panel, const float* scales, const int8_t* codes, const int32_t* offsets,
        const float* least, int quads, int64_t i, int64_t j, int64_t* pairs)

include "_chosen.pxi"

HAS_INT8 = trfast_has_int8()
WIDTH = 512
HEIGHT = 256
cdef int N_WIDTH = WIDTH, N_HEIGHT = HEIGHT

ctypedef fused code:
    int8_t
    float


cdef floating _cosine(
    const floating[:, ::1] rows, const double[::1] norms, Py_ssize_t i, Py_ssize_t j
) noexcept nogil:
    cdef double product
    if floating is float:
        product = trfast_dot_f32(&rows[i, 0], &rows[j, 0], <int> rows.shape[1])
    else:
        product = trfast_dot_f64(&rows[i, 0], &rows[j, 0], <int> rows.shape[1])
    return <floating> (product / (norms[i] * norms[j]))


cdef Py_ssize_t _candidates(
    const code[:, ::1] codes,
    const int32_t[::1] offsets,
    const float[::1] least,
    const float[::1] scales,
    Py_ssize_t band,
    Py_ssize_t first,
    code *scratch,
    int64_t *pairs,
) noexcept nogil:
    """List the pairs i < j of the tile at (`band`, `first`) whose bound reaches the threshold."""
    cdef:
        Py_ssize_t count = 0, i, j
        int n = <int> min(N_WIDTH, codes.shape[0] - band)
        int m = <int> min(N_HEIGHT, codes.shape[0] - first)
        int d = <int> codes.shape[1]
        float *row
    if code is int8_t:
        for j in range(first, first + m, 8):
            for i in range(band, band + n, 32):
                count += trfast_reach_int8(
                    <uint8_t *> scratch + (i - band) * d, &scales[i],
                    &codes[j, 0], &offsets[j], &least[j], d // 4, i, j, pairs + 2 * count,
                )
    else:
        # Row-major tile (m, n) = others (m, d) @ band (n, d).T
        gemm(
            False, True, m, n, d, <float> 1, &codes[first, 0], d, &codes[band, 0], d, 0, scratch, n
        )
        for j in range(first, first + m):
            row = scratch + (j - first) * n
            if not trfast_any_reaches(row, n, least[j]):
                continue
            for i in range(band, min(band + n, j)):
                if row[i - band] >= least[j]:
                    pairs[2 * count] = i
                    pairs[2 * count + 1] = j
                    count += 1
    return count


cdef inline size_t _scratch_size(const code[:, ::1] codes) noexcept nogil:
    """Bytes of a packed band, or of a tile of float32 products."""
    return N_WIDTH * max(N_HEIGHT, codes.shape[1]) * sizeof(code)


cdef void _load_band(const code[:, ::1] codes, Py_ssize_t band, code *scratch) noexcept nogil:
    """Make the band's rows ready for `_candidates`."""
    if code is int8_t:
        trfast_pack_int8(
            &codes[band, 0], <int> min(N_WIDTH, codes.shape[0] - band),
            <int> codes.shape[1] // 4, <uint8_t *> scratch,
        )


def edges_of_band(
    const floating[:, ::1] rows,         # IN (n, d)
    const double[::1] norms,             # IN (n,)
    floating threshold,                  # IN
    const code[:, ::1] codes,            # IN (n padded to 32, d or d padded to 4)
    const int32_t[::1] offsets,          # IN (n padded,) -128 times the sum of the codes
    const float[::1] least,              # IN (n padded,) the bound's threshold, of j
    const float[::1] scales,             # IN (n padded,) what a code is worth, of i
    const int64_t[::1] groups,           # IN (n,) or (0,): pairs of one group are left out
    Py_ssize_t band,                     # IN first row i of the band
    Py_ssize_t first,                    # IN first row j to look at
    int64_t[:, ::1] pairs,               # OUT (at least WIDTH * HEIGHT, 2)
    floating[::1] similarities,          # OUT (the same)
):
    """List the band's pairs that reach the threshold, in order of j, while there is room.

    Returns how many there are, and the j to go on from.
    """
    cdef Py_ssize_t count = 0, candidate, n_candidates
    cdef int64_t i, j
    cdef int64_t *found
    cdef floating similarity
    cdef code *scratch = <code *> allocate(_scratch_size(codes))
    try:
        with nogil:
            _load_band(codes, band, scratch)
            while first < rows.shape[0] and count + N_WIDTH * N_HEIGHT <= pairs.shape[0]:
                found = &pairs[count, 0]
                n_candidates = _candidates(
                    codes, offsets, least, scales, band, first, scratch, found
                )
                for candidate in range(n_candidates):
                    i, j = found[2 * candidate], found[2 * candidate + 1]
                    if groups.shape[0] > 0 and groups[i] == groups[j]:
                        continue
                    similarity = _cosine(rows, norms, i, j)
                    if similarity >= threshold:
                        pairs[count, 0] = i
                        pairs[count, 1] = j
                        similarities[count] = similarity
                        count += 1
                first += N_HEIGHT
    finally:
        release(scratch)
    return count, first


def candidates_of_band(
    const code[:, ::1] codes,            # IN as in `edges_of_band`
    const int32_t[::1] offsets,          # IN
    const float[::1] least,              # IN
    const float[::1] scales,             # IN
    Py_ssize_t n,                        # IN rows
    Py_ssize_t band,                     # IN first row i of the band
    Py_ssize_t first,                    # IN first row j to look at
    int64_t[:, ::1] pairs,               # OUT (at least WIDTH * HEIGHT, 2)
):
    """List the band's pairs that the bound does not rule out, while there is room.

    Returns how many there are, and the j to go on from.
    """
    cdef Py_ssize_t count = 0
    cdef code *scratch = <code *> allocate(_scratch_size(codes))
    try:
        with nogil:
            _load_band(codes, band, scratch)
            while first < n and count + N_WIDTH * N_HEIGHT <= pairs.shape[0]:
                count += _candidates(
                    codes, offsets, least, scales, band, first, scratch, &pairs[count, 0]
                )
                first += N_HEIGHT
    finally:
        release(scratch)
    return count, first


def components(
    const floating[:, ::1] rows,         # IN as in `edges_of_band`
    const double[::1] norms,             # IN
    floating threshold,                  # IN
    const code[:, ::1] codes,            # IN
    const int32_t[::1] offsets,          # IN
    const float[::1] least,              # IN
    const float[::1] scales,             # IN
    int64_t[::1] parent,                 # INOUT (n,) forest of `_union_find`
    int n_threads,                       # IN
):
    """Join the rows whose cosine reaches the threshold.

    Each thread joins in a forest of its own, all start from `parent`, and at the end join there.
    Returns the number of cosines that the bound did not rule out and the forest did not spare.
    """
    cdef:
        int64_t n_cosines = 0
        Py_ssize_t n = rows.shape[0], n_bands = (n + N_WIDTH - 1) // N_WIDTH, b, i
        # Of a thread: what `_candidates` needs, the pairs of a tile, a forest.
        size_t tile = _scratch_size(codes), pairs = 2 * N_WIDTH * N_HEIGHT * sizeof(int64_t)
        size_t size = whole_lines(tile + pairs + n * sizeof(int64_t))
        char *scratch = <char *> allocate(n_threads * size)
        int64_t *forest
        int thread
    try:
        with nogil:
            for thread in range(n_threads):
                forest = <int64_t *> (scratch + thread * size + tile + pairs)
                memcpy(forest, &parent[0], n * sizeof(int64_t))
            for b in prange(n_bands, num_threads=n_threads, schedule="dynamic"):
                n_cosines += _components_of_band(
                    rows, norms, threshold, codes, offsets, least, scales, b * N_WIDTH,
                    <code *> (scratch + threadid() * size),
                    <int64_t *> (scratch + threadid() * size + tile),
                    <int64_t *> (scratch + threadid() * size + tile + pairs),
                )
            for thread in range(n_threads):
                forest = <int64_t *> (scratch + thread * size + tile + pairs)
                for i in range(n):
                    join_roots(
                        &parent[0], find_root(&parent[0], i), find_root(&parent[0], forest[i])
                    )
    finally:
        release(scratch)
    return n_cosines


cdef int64_t _components_of_band(
    const floating[:, ::1] rows,
    const double[::1] norms,
    floating threshold,
    const code[:, ::1] codes,
    const int32_t[::1] offsets,
    const float[::1] least,
    const float[::1] scales,
    Py_ssize_t band,
    code *scratch,
    int64_t *pairs,
    int64_t *parent,
) noexcept nogil:
    cdef Py_ssize_t first = band, candidate, n_candidates
    cdef int64_t a, b, n_cosines = 0
    _load_band(codes, band, scratch)
    while first < rows.shape[0]:
        n_candidates = _candidates(codes, offsets, least, scales, band, first, scratch, pairs)
        for candidate in range(n_candidates):
            a = find_root(parent, pairs[2 * candidate])
            b = find_root(parent, pairs[2 * candidate + 1])
            if a == b:
                continue
            n_cosines += 1
            if _cosine(
                rows, norms, pairs[2 * candidate], pairs[2 * candidate + 1]
            ) >= threshold:
                join_roots(parent, a, b)
        first += N_HEIGHT
    return n_cosines
