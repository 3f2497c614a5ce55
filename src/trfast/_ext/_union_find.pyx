"""Union-find over items 0..n-1; the root of a component is its first item."""

from libc.stdint cimport int64_t


def unite(
    const int64_t[:, ::1] pairs,         # IN  (m, 2)
    int64_t[::1] parent,                 # INOUT (n,) forest; a root is its own parent
):
    """Join the components of each pair."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(pairs.shape[0]):
            join_roots(
                &parent[0], find_root(&parent[0], pairs[i, 0]), find_root(&parent[0], pairs[i, 1])
            )


def unite_apart(
    const int64_t[:, ::1] pairs,         # IN  (m, 2)
    const int64_t[::1] groups,           # IN  (n,) 0..n_groups-1
    int64_t[::1] following,              # INOUT (n,) each item itself: rings of the components
    int64_t[::1] met,                    # INOUT (n_groups,) -1: the last pair to meet a group
    int64_t[::1] parent,                 # INOUT (n,) forest; a root is its own parent
):
    """Join the components of each pair unless they share a group."""
    cdef Py_ssize_t i
    cdef int64_t a, b, item
    cdef bint shared
    with nogil:
        for i in range(pairs.shape[0]):
            a = find_root(&parent[0], pairs[i, 0])
            b = find_root(&parent[0], pairs[i, 1])
            if a == b:
                continue
            item = a
            while True:
                met[groups[item]] = i
                item = following[item]
                if item == a:
                    break
            item = b
            while True:
                shared = met[groups[item]] == i
                item = following[item]
                if shared or item == b:
                    break
            if not shared:
                # Two rings become one when two of their members swap successors.
                following[a], following[b] = following[b], following[a]
                join_roots(&parent[0], a, b)


def number_components(
    int64_t[::1] parent,                 # INOUT (n,) forest
    int64_t[::1] labels,                 # OUT (n,)
):
    """Number the components in order of first appearance."""
    cdef Py_ssize_t i
    cdef int64_t root, n_components = 0
    with nogil:
        for i in range(parent.shape[0]):
            root = find_root(&parent[0], i)
            if root == i:
                labels[i] = n_components
                n_components += 1
            else:
                labels[i] = labels[root]
