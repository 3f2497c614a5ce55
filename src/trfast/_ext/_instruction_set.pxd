cdef int chosen
