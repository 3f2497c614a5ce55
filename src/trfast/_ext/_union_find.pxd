from libc.stdint cimport int64_t


cdef inline int64_t find_root(int64_t *parent, int64_t item) noexcept nogil:
    """First item of the component; halves the path on the way."""
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


cdef inline int64_t join_roots(int64_t *parent, int64_t a, int64_t b) noexcept nogil:
    """Join the components of two roots; return the root, the smaller of the two."""
    if a < b:
        parent[b] = a
        return a
    parent[a] = b
    return b
