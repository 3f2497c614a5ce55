"""Clustering by the book: sets that are searched from start to end."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt


def numbered(clusters: Iterable[set[int]], n: int) -> list[int]:
    """Labels in order of first appearance."""
    labels = [0] * n
    for label, cluster in enumerate(sorted(clusters, key=min)):
        for item in cluster:
            labels[item] = label
    return labels


def connected_components(pairs: Iterable[tuple[int, int]], n: int) -> list[int]:
    return constrained_components(pairs, list(range(n)))


def constrained_components(
    pairs_by_falling_similarity: Iterable[tuple[int, int]], groups: Sequence[int]
) -> list[int]:
    clusters = [{i} for i in range(len(groups))]
    for i, j in pairs_by_falling_similarity:
        a = next(c for c in clusters if i in c)
        b = next(c for c in clusters if j in c)
        if a is not b and not {groups[k] for k in a} & {groups[k] for k in b}:
            clusters.remove(b)
            a |= b
    return numbered(clusters, len(groups))


def may_unite(
    pairs: Iterable[tuple[int, int]], labels: Sequence[int], groups: Sequence[int]
) -> list[bool]:
    """Whether the two clusters of each pair are two, without a group in common."""
    inside = {a: {g for g, b in zip(groups, labels, strict=True) if a == b} for a in labels}
    return [
        labels[i] != labels[j] and inside[labels[i]].isdisjoint(inside[labels[j]]) for i, j in pairs
    ]


def attach(
    pairs_by_falling_similarity: Iterable[tuple[int, int]],
    groups: Sequence[int],
    waiting: set[int],
    labels: Sequence[int],
    apart: bool,
) -> list[int]:
    """Pairs are (item that waits, item that gives its label)."""
    result, waiting = list(labels), set(waiting)
    for item, host in pairs_by_falling_similarity:
        taken = {g for g, label in zip(groups, result, strict=True) if label == result[host]}
        if item in waiting and not (apart and groups[item] in taken):
            result[item] = result[host]
            waiting.remove(item)
    return result


def complete_linkage(scores: npt.NDArray[np.floating], threshold: float) -> list[int]:
    clusters = [{i} for i in range(len(scores))]
    while len(clusters) > 1:
        score, a, b = max(
            (
                (min(scores[i, j] for i in a for j in b), a, b)
                for k, a in enumerate(clusters)
                for b in clusters[:k]
            ),
            key=lambda candidate: candidate[0],
        )
        if score < threshold:
            break
        clusters.remove(b)
        a |= b
    return numbered(clusters, len(scores))


def nearest(
    pairs: Iterable[tuple[int, int]],
    similarities: Iterable[float],
    labels: Sequence[int],
    groups: Sequence[int],
    *,
    same: bool,
) -> list[tuple[int, float]]:
    """Each item's most similar one of its label, or of another label and group, and their
    similarity; (-1, NaN) without one."""
    found: list[list[tuple[float, int]]] = [[] for _ in labels]
    for (i, j), similarity in zip(pairs, similarities, strict=True):
        if labels[i] == labels[j] if same else labels[i] != labels[j] and groups[i] != groups[j]:
            found[i].append((-similarity, j))
            found[j].append((-similarity, i))
    best = [min(others, default=(np.nan, -1)) for others in found]
    return [(item, -similarity) for similarity, item in best]


def average_linkage(
    scores: npt.NDArray[np.float64], threshold: float, groups: Sequence[int]
) -> list[int]:
    """Join the two clusters of the highest mean score of their pairs, again and again."""
    clusters = [{i} for i in range(len(scores))]
    while True:
        means = {
            (a, b): scores[np.ix_(sorted(clusters[a]), sorted(clusters[b]))].mean()
            for a in range(len(clusters))
            for b in range(a)
            if not {groups[k] for k in clusters[a]} & {groups[k] for k in clusters[b]}
        }
        if not means or max(means.values()) < threshold:
            return numbered(clusters, len(scores))
        a, b = max(means, key=means.__getitem__)
        clusters[b] |= clusters.pop(a)
