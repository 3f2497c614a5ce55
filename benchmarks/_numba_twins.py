"""Twins in Numba of two kernels of ours, line by line: Viterbi and union-find."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@numba.njit(nogil=True)
def forward(
    log_likelihoods: Array, penalty: float, score: Array, switched: Array, source: Array
) -> None:
    for t in range(log_likelihoods.shape[1]):
        best = 0
        for k in range(1, score.shape[0]):
            if score[k] > score[best]:
                best = k
        source[t] = best
        entered = score[best] - penalty
        for k in range(score.shape[0]):
            switched[t, k] = entered > score[k]
            score[k] = max(entered, score[k]) + log_likelihoods[k, t]


@numba.njit(nogil=True)
def backward(switched: Array, source: Array, last: int, states: Array) -> None:
    for t in range(switched.shape[0] - 1, -1, -1):
        states[t] = last
        if switched[t, last]:
            last = source[t]


def best_path(block: Array, penalty: float) -> Array:
    n_states, n_frames = block.shape
    score = np.zeros(n_states)
    switched = np.empty((n_frames, n_states), np.uint8)
    source, path = np.empty((2, n_frames), np.int32)
    forward(block, penalty, score, switched, source)
    backward(switched, source, int(np.argmax(score)), path)
    return path


@numba.njit(nogil=True)
def find_root(parent: Array, item: int) -> int:
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


@numba.njit(nogil=True)
def unite(pairs: Array, parent: Array) -> None:
    for i in range(pairs.shape[0]):
        a, b = find_root(parent, pairs[i, 0]), find_root(parent, pairs[i, 1])
        if a < b:
            parent[b] = a
        else:
            parent[a] = b


@numba.njit(nogil=True)
def number_components(parent: Array, labels: Array) -> None:
    n_components = 0
    for i in range(parent.shape[0]):
        root = find_root(parent, i)
        if root == i:
            labels[i] = n_components
            n_components += 1
        else:
            labels[i] = labels[root]


def connected_components(pairs: Array, n: int) -> Array:
    parent, labels = np.arange(n), np.empty(n, np.int64)
    unite(pairs, parent)
    number_components(parent, labels)
    return labels
