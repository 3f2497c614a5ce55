"""Union-find over items 0..n-1; the root of a component is its first item.

The items of a group are ``members[first[group]:first[group + 1]]``.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memset

from trfast._ext._scratch cimport allocate, release


def unite(
    const int64_t[:, ::1] pairs,         # IN (m, 2)
    int64_t[::1] parent,                 # INOUT (n,) forest; a root is its own parent
):
    """Join the components of each pair."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(pairs.shape[0]):
            join_roots(
                &parent[0], find_root(&parent[0], pairs[i, 0]), find_root(&parent[0], pairs[i, 1])
            )


cdef bint _share_group(
    int64_t small,
    int64_t large,
    int64_t stamp,
    const int64_t *groups,
    const int64_t *first,
    const int64_t *members,
    const int64_t *following,
    const int64_t *sizes,
    int64_t *met,
    int64_t *parent,
) noexcept nogil:
    """Whether two components hold items of one group.

    Either the other members of the small one's groups are asked for their component, or the
    large one's items for their group, whichever are fewer.
    """
    cdef int64_t item = small, group, k, n_members = 0
    while True:
        group = groups[item]
        met[group] = stamp
        n_members += first[group + 1] - first[group]
        item = following[item]
        if item == small:
            break
    if n_members < sizes[large]:
        while True:
            group = groups[item]
            for k in range(first[group], first[group + 1]):
                if find_root(parent, members[k]) == large:
                    return True
            item = following[item]
            if item == small:
                return False
    item = large
    while met[groups[item]] != stamp:
        item = following[item]
        if item == large:
            return False
    return True


def rings(
    int64_t[::1] parent,                 # INOUT (n,) forest; afterwards each item's root
    int64_t[::1] following,              # OUT (n,) the next item of the component, round and round
    int64_t[::1] sizes,                  # OUT (n,) of the components, at their roots
):
    """Make of a forest what `unite_apart` and `may_unite` go by."""
    cdef Py_ssize_t item, root
    with nogil:
        for item in range(parent.shape[0]):
            root = parent[item] = parent[parent[item]]  # which is smaller, and done
            following[item] = item
            sizes[item] = 1
            if root != item:
                # Two rings become one when two of their members swap successors.
                following[root], following[item] = following[item], following[root]
                sizes[root] += 1


cdef inline size_t _place(int64_t key, size_t n_places) noexcept nogil:
    """Where something is kept of a pair, in a table of a power of 2."""
    return (<uint64_t> key * 0x9E3779B97F4A7C15u >> 32) & (n_places - 1)


def unite_apart(
    const int64_t[:, ::1] pairs,         # IN (m, 2)
    const int64_t[::1] order,            # IN (m,) of the pairs, best first
    const int64_t[::1] groups,           # IN (n,) 0..n_groups-1
    const int64_t[::1] first,            # IN (n_groups + 1,) as in the module's head
    const int64_t[::1] members,          # IN (n,)
    int64_t[::1] parent,                 # INOUT (n,) forest; a root is its own parent
    int64_t[::1] following,              # INOUT (n,) as `rings` makes it
    int64_t[::1] sizes,                  # INOUT (n,)
):
    """Join the components of each pair unless they share a group.

    What shares a group once does so for ever, so a refusal can be remembered: in a table where
    a new one takes the place of another.
    """
    cdef:
        Py_ssize_t n = parent.shape[0], n_groups = first.shape[0] - 1, n_places = 2048, place
        int64_t i, a, b, small, large, key
        int64_t *met
        int64_t *refused
        int64_t *memory
    while n_places <= n:
        n_places *= 2
    met = <int64_t *> allocate((n_groups + n_places) * sizeof(int64_t))
    refused = met + n_groups  # met: (n_groups,) the last pair to meet a group
    try:
        with nogil:
            memset(met, -1, (n_groups + n_places) * sizeof(int64_t))
            for place in range(order.shape[0]):
                i = order[place]
                a = find_root(&parent[0], pairs[i, 0])
                b = find_root(&parent[0], pairs[i, 1])
                if a == b:
                    continue
                small, large = (a, b) if sizes[a] < sizes[b] else (b, a)
                key = min(a, b) * n + max(a, b)
                memory = refused + _place(key, n_places)
                if memory[0] == key:
                    continue
                if _share_group(
                    small, large, i, &groups[0], &first[0], &members[0], &following[0], &sizes[0],
                    met, &parent[0],
                ):
                    memory[0] = key
                else:
                    following[a], following[b] = following[b], following[a]
                    sizes[min(a, b)] = sizes[a] + sizes[b]
                    join_roots(&parent[0], a, b)
    finally:
        release(met)


def may_unite(
    const int64_t[:, ::1] pairs,         # IN (m, 2)
    const int64_t[::1] groups,           # IN (n,) 0..n_groups-1
    const int64_t[::1] first,            # IN (n_groups + 1,) as in the module's head
    const int64_t[::1] members,          # IN (n,)
    int64_t[::1] parent,                 # IN (n,) as `rings` leaves them
    const int64_t[::1] following,        # IN (n,)
    const int64_t[::1] sizes,            # IN (n,)
    uint8_t[::1] may,                    # OUT (m,)
):
    """Say which pairs are of two components that share no group.

    Answers are remembered as in `unite_apart`.
    """
    cdef:
        Py_ssize_t n = parent.shape[0], n_groups = first.shape[0] - 1, n_places = 65536, i
        int64_t a, b, small, large, key
        int64_t *met = <int64_t *> allocate((n_groups + n_places) * sizeof(int64_t))
        int64_t *answers = met + n_groups
        int64_t *memory
    try:
        with nogil:
            memset(met, -1, (n_groups + n_places) * sizeof(int64_t))
            for i in range(pairs.shape[0]):
                a = parent[pairs[i, 0]]
                b = parent[pairs[i, 1]]
                may[i] = a != b
                if a == b:
                    continue
                if sizes[a] == 1 and sizes[b] == 1:
                    may[i] = groups[a] != groups[b]
                    continue
                small, large = (a, b) if sizes[a] < sizes[b] else (b, a)
                key = 2 * (min(a, b) * n + max(a, b))
                memory = answers + _place(key, n_places)
                if memory[0] >> 1 != key >> 1:
                    memory[0] = key + (not _share_group(
                        small, large, i, &groups[0], &first[0], &members[0], &following[0],
                        &sizes[0], met, &parent[0],
                    ))
                may[i] = memory[0] & 1
    finally:
        release(met)


def attach(
    const int64_t[:, ::1] pairs,         # IN (m, 2) item that wants a label, item that gives it
    const int64_t[::1] groups,           # IN (n,)
    const int64_t[::1] first,            # IN (n_groups + 1,) as in the module's head
    const int64_t[::1] members,          # IN (n,)
    bint apart,                          # IN never one label twice in a group
    int64_t[::1] wants,                  # INOUT (n,) 1 where an item waits for a label
    int64_t[::1] labels,                 # INOUT (n,) a label of its own while it waits
):
    """Give each item the label of the first pair that may."""
    cdef Py_ssize_t i
    cdef int64_t item, label, k
    cdef bint taken
    with nogil:
        for i in range(pairs.shape[0]):
            item = pairs[i, 0]
            label = labels[pairs[i, 1]]
            if not wants[item]:
                continue
            taken = False
            if apart:
                for k in range(first[groups[item]], first[groups[item] + 1]):
                    taken = taken or labels[members[k]] == label
            if not taken:
                labels[item] = label
                wants[item] = 0


def nearest(
    const int64_t[:, ::1] pairs,         # IN (m, 2)
    const float[::1] similarities,       # IN (m,)
    const int64_t[::1] labels,           # IN (n,)
    const int64_t[::1] groups,           # IN (n,)
    bint same,                           # IN of the same label; or of another one, and group
    int64_t[::1] nearest,                # INOUT (n,) -1
    float[::1] best,                     # INOUT (n,) NaN
):
    """Find each item's most similar one of the same label, or of others; of equals the first."""
    cdef Py_ssize_t i, side
    cdef int64_t item, other
    with nogil:
        for i in range(pairs.shape[0]):
            item, other = pairs[i, 0], pairs[i, 1]
            if (labels[item] == labels[other]) != same:
                continue
            if not same and groups[item] == groups[other]:
                continue
            for side in range(2):
                item, other = pairs[i, side], pairs[i, 1 - side]
                if (
                    nearest[item] < 0 or similarities[i] > best[item]
                    or similarities[i] == best[item] and other < nearest[item]
                ):
                    nearest[item] = other
                    best[item] = similarities[i]


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
