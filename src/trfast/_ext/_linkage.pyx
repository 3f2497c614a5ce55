"""Complete linkage on the graph of the similarities that reach the threshold."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from trfast._ext._scratch cimport allocate, release
from trfast._ext._union_find cimport join_roots


cdef Py_ssize_t _place(
    const int64_t *neighbours, Py_ssize_t low, Py_ssize_t high, int64_t item
) noexcept nogil:
    """Where `item`, which is there, stands in the sorted ``neighbours[low:high]``."""
    cdef Py_ssize_t middle
    while low < high:
        middle = (low + high) // 2
        if neighbours[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low


cdef Py_ssize_t _nearest(
    const double *similarities, Py_ssize_t first, Py_ssize_t last
) noexcept nogil:
    """Position of the first largest similarity; `last` if all edges are gone."""
    cdef Py_ssize_t i, best = last
    cdef double largest = -INFINITY
    for i in range(first, last):
        if similarities[i] > largest:
            largest = similarities[i]
            best = i
    return best


cdef void _merge(
    int64_t a, int64_t b, const int64_t *first, int64_t *last, int64_t *neighbours,
    double *similarities,
) noexcept nogil:
    """Let `a` stand for both: it keeps the common neighbours, at the lower similarity."""
    cdef:
        Py_ssize_t i = first[a], j = first[b], kept = first[a]
        int64_t c
        double lower
    while i < last[a] or j < last[b]:
        if j == last[b] or (i < last[a] and neighbours[i] < neighbours[j]):
            c = neighbours[i]
            if c != b and similarities[i] > -INFINITY:
                similarities[_place(neighbours, first[c], last[c], a)] = -INFINITY
            i += 1
        elif i == last[a] or neighbours[j] < neighbours[i]:
            c = neighbours[j]
            if c != a and similarities[j] > -INFINITY:
                similarities[_place(neighbours, first[c], last[c], b)] = -INFINITY
            j += 1
        else:
            c = neighbours[i]
            lower = min(similarities[i], similarities[j])
            if similarities[i] > -INFINITY:
                similarities[_place(neighbours, first[c], last[c], a)] = lower
            if similarities[j] > -INFINITY:
                similarities[_place(neighbours, first[c], last[c], b)] = -INFINITY
            if lower > -INFINITY:
                neighbours[kept] = c
                similarities[kept] = lower
                kept += 1
            i += 1
            j += 1
    last[a] = kept
    last[b] = first[b]


def complete_linkage(
    const int64_t[::1] first,            # IN (n,) first edge of each item
    int64_t[::1] last,                   # INOUT (n,) one past its last edge
    int64_t[::1] neighbours,             # INOUT (n_edges,) sorted in each item; both directions
    double[::1] similarities,            # INOUT (n_edges,)
    int64_t[::1] parent,                 # INOUT (n,) forest of `_union_find`
):
    """Join what complete linkage joins, by nearest-neighbour chains.

    A cluster has an edge to another only if all their pairs have one, so a merge intersects
    two neighbourhoods. An edge that is gone has similarity minus infinity.
    """
    cdef:
        Py_ssize_t start, length, best
        int64_t a, b
        int64_t *chain = <int64_t *> allocate(first.shape[0] * sizeof(int64_t))
    try:
        with nogil:
            for start in range(first.shape[0]):
                if parent[start] != start:
                    continue
                chain[0] = start
                length = 1
                while length > 0:
                    a = chain[length - 1]
                    best = _nearest(&similarities[0], first[a], last[a])
                    if best == last[a]:
                        break
                    b = neighbours[best]
                    if length > 1:
                        # Of equals the one before wins, or the chain could turn in a circle.
                        if similarities[
                            _place(&neighbours[0], first[a], last[a], chain[length - 2])
                        ] >= similarities[best]:
                            b = chain[length - 2]
                    if length > 1 and b == chain[length - 2]:
                        if b < a:
                            a, b = b, a
                        _merge(a, b, &first[0], &last[0], &neighbours[0], &similarities[0])
                        join_roots(&parent[0], a, b)
                        length -= 2
                        if length == 0:
                            chain[0] = a
                            length = 1
                    else:
                        chain[length] = b
                        length += 1
    finally:
        release(chain)
