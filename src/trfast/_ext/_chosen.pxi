# Which of its functions TRFAST_CHOSEN takes: see _instruction_sets.h.

from trfast._ext._instruction_set cimport chosen

cdef extern from *:
    const int* trfast_chosen

trfast_chosen = &chosen
