"""doubts: scores are the means of all pairs, and what is nearest to the threshold comes out."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from tests.linking.test_full import random_unit
from trfast.comparison import Comparison
from trfast.linking import doubts, link_centred
from trfast.model import load_model
from trfast.scoring.centring import centred

MODULE = import_module("trfast.linking.doubts")  # whose name is that of the function, too


@pytest.mark.parametrize("backend", ["cosine", "plda", "tr"])
def test_scores_are_means_of_all_pairs(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "_ENOUGH", 10_000)  # however far
    model = load_model()
    comparison = model.across(backend)  # type: ignore[arg-type]
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(40, 200)).astype(np.float32)
    vectors[20:] += 2 * vectors[:20]
    recordings = [f"r{k % 8}" for k in range(40)]
    seconds = rng.uniform(1, 9, 40)
    labels = link_centred(vectors, recordings, comparison).labels
    rows = comparison.backend.project(centred(vectors, labels, comparison.backend))
    left, right = comparison.scores(rows).factors()
    scores = left @ right.T
    found = doubts(vectors, recordings, labels, seconds, comparison, most=2000)
    for doubt in found:
        if doubt.linked:
            own = [k for k in range(40) if labels[k] == labels[doubt.row] and k != doubt.row]
            mean, speech = scores[doubt.row, own].mean(), seconds[doubt.row]
        else:
            a, b = (np.flatnonzero(labels == labels[k]) for k in (doubt.row, doubt.other))
            mean = scores[np.ix_(a, b)].mean()
            speech = min(seconds[a].sum(), seconds[b].sum())
            assert not {recordings[k] for k in a} & {recordings[k] for k in b}
        assert doubt.score == pytest.approx(mean, rel=1e-3, abs=1e-3)
        assert doubt.speech == pytest.approx(speech)
    pairs = [(doubt.row, doubt.other) for doubt in found if doubt.linked]
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)  # each asked once
    several = {k for k in range(40) if (labels == labels[k]).sum() > 1}
    assert {k for pair in pairs for k in pair} == several
    away = sorted(abs(doubt.score - comparison.threshold) for doubt in found)
    few = doubts(vectors, recordings, labels, seconds, comparison, most=5)
    assert sorted(abs(d.score - comparison.threshold) for d in few) == pytest.approx(away[:5])
    assert [d.speech for d in few] == sorted((d.speech for d in few), reverse=True)


def test_what_is_far_from_the_threshold_is_no_doubt() -> None:
    scattered, comparison = random_unit(0, 40), Comparison(threshold=0.5)
    names, alone = [f"r{k}" for k in range(40)], np.arange(40)
    scores = (scattered @ scattered.T)[np.triu_indices(40, 1)]
    found = doubts(scattered, names, alone, np.ones(40), comparison, most=10_000)
    centre = centred(scattered, alone, comparison.backend)
    rows = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    scores = (rows @ rows.T)[np.triu_indices(40, 1)]
    assert len(found) == (np.abs(scores - 0.5) <= scores.std()).sum() < len(scores)


def test_nobody_to_doubt() -> None:
    comparison = Comparison(threshold=0.5)
    assert doubts(random_unit(0, 1), ["a"], [0], [1.0], comparison) == []
    assert doubts(random_unit(0, 2), ["a", "a"], [0, 1], [1.0, 2.0], comparison) == []
