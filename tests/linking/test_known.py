"""Known: what somebody knows is kept, and costs nothing where nobody knows anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linking.test_full import random_unit, unit
from trfast._names import ClusteringName
from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.linking import Known, link, link_centred

CLUSTERINGS = ["cc", "hac", "average"]


@pytest.mark.parametrize("clustering", CLUSTERINGS)
def test_who_is_known_is_one_and_brings_others(clustering: ClusteringName) -> None:
    vectors, recordings = unit(0, 90, 5, 95), ["a", "b", "c", "d"]
    comparison = Comparison(threshold=0.5, clustering=clustering)
    assert link(vectors, recordings, comparison).labels.tolist() == [0, 1, 0, 1]
    both = link(vectors, recordings, comparison, known=Known([7, 7, -1, -1]))
    assert both.labels[0] == both.labels[1]
    apart = link(vectors, recordings, comparison, known=Known([1, -1, 2, -1]))
    assert apart.labels.tolist() == [0, 1, 2, 1]
    refused = link(vectors, recordings, comparison, known=Known([1, -1, -1, -1], [(2, 1)]))
    assert refused.labels.tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize("clustering", CLUSTERINGS)
def test_two_of_one_recording_may_be_one_for_who_knows(clustering: ClusteringName) -> None:
    vectors, recordings = unit(0, 8, 4), ["a", "a", "b"]
    comparison = Comparison(threshold=0.9, clustering=clustering)
    plain = link(vectors, recordings, comparison).labels
    assert plain[0] != plain[1]
    known = Known([3, 3, -1])
    assert link(vectors, recordings, comparison, known=known).labels.tolist() == [0, 0, 0]


@pytest.mark.parametrize("clustering", CLUSTERINGS)
@given(data=st.data(), seed=st.integers(0, 1000), threshold=st.sampled_from([-0.2, 0.3, 0.8]))
@settings(max_examples=40, deadline=None)
def test_what_must_hold(
    data: st.DataObject, clustering: ClusteringName, seed: int, threshold: float
) -> None:
    n = data.draw(st.integers(1, 12))
    recordings = data.draw(st.lists(st.sampled_from("abcdef"), min_size=n, max_size=n))
    speakers = data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, 2))
    refused = [(r, s) for r, s in data.draw(st.lists(pairs, max_size=4)) if speakers[r] < 0]
    comparison = Comparison(threshold=threshold, clustering=clustering)
    known = Known(speakers, refused)
    vectors = random_unit(seed, n)
    labels = link(vectors, recordings, comparison, known=known).labels
    for i in range(n):
        for j in range(i):
            if speakers[i] >= 0 and speakers[j] >= 0:
                assert (labels[i] == labels[j]) == (speakers[i] == speakers[j])
            elif recordings[i] == recordings[j]:
                assert labels[i] != labels[j]
    for row, speaker in refused:
        assert all(labels[row] != labels[k] for k in range(n) if speakers[k] == speaker)
    nothing = link(vectors, recordings, comparison, known=Known([-1] * n))
    assert nothing.labels.tolist() == link(vectors, recordings, comparison).labels.tolist()


@pytest.mark.parametrize("clustering", CLUSTERINGS)
def test_one_known_row_of_each_changes_nothing_that_was_so(clustering: ClusteringName) -> None:
    vectors, n = random_unit(3, 60), 60
    recordings = [str(k % 12) for k in range(n)]
    comparison = Comparison(threshold=0.6, clustering=clustering)
    plain = link(vectors, recordings, comparison).labels
    speakers = np.where(np.arange(n) == 5, 0, -1)
    assert link(vectors, recordings, comparison, known=Known(speakers)).labels.tolist() == list(
        plain
    )


def test_centred_linking_keeps_it_too() -> None:
    vectors, recordings = random_unit(1, 30), [str(k % 10) for k in range(30)]
    known = Known(np.where(np.arange(30) < 3, 1, -1))
    labels = link_centred(vectors, recordings, Comparison(threshold=0.7), known=known).labels
    assert len(set(labels[:3])) == 1


def test_what_cannot_be_known() -> None:
    with pytest.raises(ParameterError, match="row 1 is known as 4, and refused it"):
        Known([-1, 4], refused=[(1, 4)])
    with pytest.raises(ParameterError, match="refused names rows outside 0 to 1"):
        Known([-1, 4], refused=[(2, 4)])
    with pytest.raises(ParameterError, match=r"known.speakers"):
        link(unit(0, 1), ["a", "b"], threshold=0.5, known=Known([1]))
