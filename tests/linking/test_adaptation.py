"""adapt: what a collection without labels changes, and what keeps it from harm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.small import small_model
from trfast.errors import ParameterError
from trfast.linking import adapt, adaptation
from trfast.scoring.adaptation import adapt_backend
from trfast.scoring.backend import Thresholds


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(adaptation, "_LEAST_SPEAKERS", 5)  # three dimensions hold few
    model = small_model()
    thresholds = {"average": Thresholds(within=0.5, across=-0.7)}
    return replace(
        model,
        backends={n: replace(b, thresholds=thresholds) for n, b in model.backends.items()},
    )


@pytest.fixture
def voices() -> tuple[Any, list[str]]:
    """Forty speakers, each in three recordings of four."""
    rng = np.random.default_rng(2)
    x = 3 * rng.normal(size=(40, 3)).repeat(3, axis=0) + 0.05 * rng.normal(size=(120, 3))
    return x.astype(np.float32), [f"show-{k // 12}-{k % 3}" for k in range(120)]


def test_who_is_surely_found_adapts(model: Any, voices: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(adaptation, "_d_prime", lambda *_: 1.0)
    adapted, done = adapt(model, *voices)
    assert set(done) == {"plda", "tr"}
    assert all(verdict.kept and verdict.n_speakers >= 5 for verdict in done.values())
    assert all(1 <= verdict.n_rounds <= 5 for verdict in done.values())
    for name in model.backends:
        changed = adapted.backends[name] is not model.backends[name]
        assert changed == (name in done)
    assert adapted.vectors_hash == model.vectors_hash
    assert adapted.content_hash != model.content_hash
    assert adapted.provenance["adapted"]["tr"]["kept"]
    again, _ = adapt(model, *voices)
    assert again.content_hash == adapted.content_hash


def test_the_guard_keeps_what_was(model: Any, voices: Any, monkeypatch: Any) -> None:
    measured = iter([3.0, 2.0] * 4)  # before, after
    monkeypatch.setattr(adaptation, "_d_prime", lambda *_: next(measured))
    adapted, done = adapt(model, *voices)
    assert [(v.before, v.after, v.kept) for v in done.values()] == [(3.0, 2.0, False)] * 2
    assert adapted.content_hash == model.content_hash


def test_the_guard_judges_speakers_that_were_not_heard(
    model: Any, voices: Any, monkeypatch: Any
) -> None:
    heard: list[Any] = []

    def spied(backend: Any, x: Any, labels: Any, groups: Any) -> Any:
        heard.append(set(labels.tolist()))
        return adapt_backend(backend, x, labels, groups)

    judged: list[Any] = []

    def d_prime(backend: Any, x: Any, labels: Any) -> float:  # noqa: ARG001
        judged.append(set(labels.tolist()))
        return 0.0

    monkeypatch.setattr(adaptation, "adapt_backend", spied)
    monkeypatch.setattr(adaptation, "_d_prime", d_prime)
    adapt(model, *voices, backends=["plda"])
    assert not heard[0] & judged[0]
    assert not heard[1] & judged[2]
    assert not judged[0] & judged[2]


def test_d_prime_by_hand(model: Any) -> None:
    backend = model.backends["cosine"]
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    labels = np.array([0, 0, 0, 1, 1, 2])
    scores = backend.norm.normalized_similarity(backend.project(x))
    one = [scores[i, j] for i in range(6) for j in range(i) if labels[i] == labels[j]]
    two = [scores[i, j] for i in range(6) for j in range(i) if labels[i] != labels[j]]
    expected = (np.mean(one) - np.mean(two)) / np.sqrt((np.var(one) + np.var(two)) / 2)
    assert adaptation._d_prime(backend, x, labels) == pytest.approx(expected, rel=1e-5)


def test_too_few_speakers_change_nothing(model: Any, voices: Any) -> None:
    x, recordings = voices
    adapted, done = adapt(model, x[:9], recordings[:9])
    assert all(not verdict.kept and verdict.n_rounds == 0 for verdict in done.values())
    assert adapted.content_hash == model.content_hash
    adapted, done = adapt(model, x[:0], [])
    assert not any(verdict.kept for verdict in done.values())


def test_without_a_cohort_complete_linkage_is_sure(model: Any, voices: Any) -> None:
    thresholds = {"hac": Thresholds(within=0.9, across=0.9)}
    alone = {n: replace(b, cohort=None, thresholds=thresholds) for n, b in model.backends.items()}
    _, done = adapt(replace(model, cohort=None, backends=alone), *voices, backends=["tr"])
    assert list(done) == ["tr"]


def test_what_cannot_be(model: Any) -> None:
    with pytest.raises(ParameterError, match="must name one for each of 2 rows, got 1"):
        adapt(model, np.ones((2, 3)), ["a"])
