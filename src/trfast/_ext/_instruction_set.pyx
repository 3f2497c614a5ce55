"""The instruction set that the kernels use: 0 portable, 1 AVX2, 2 AVX-512."""

cdef extern from "_instruction_sets.h":
    int trfast_best_instruction_set()

BEST = trfast_best_instruction_set()
cdef int chosen = BEST


def choose(int level):
    """Use a set that this machine has, from the next call of a kernel on; return the former."""
    global chosen
    former = chosen
    chosen = level
    return former
