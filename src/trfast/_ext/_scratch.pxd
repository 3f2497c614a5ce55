"""Scratch memory of the kernels: from the start of a cache line on, where BLAS writes faster."""

from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, malloc

cdef enum:
    LINE = 64


cdef inline size_t whole_lines(size_t size) noexcept nogil:
    """At least so many bytes: what one thread takes, so that the next one's start a line too."""
    return (size + LINE - 1) // LINE * LINE


cdef inline void *allocate(size_t size) except NULL:
    """Return so many bytes, not cleared; `release` gives them back."""
    cdef char *memory = <char *> malloc(size + LINE)
    cdef char *start
    if memory == NULL:
        raise MemoryError(f"no {size} bytes of scratch memory left")
    # What malloc gives is aligned for a pointer, so there is room for one before the next line.
    start = memory + LINE - <uintptr_t> memory % LINE
    (<void **> start - 1)[0] = memory
    return start


cdef inline void release(void *start) noexcept nogil:
    free((<void **> start - 1)[0])
