"""The two-covariance model: what it finds of what was drawn, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast.errors import ModelError, ParameterError
from trfast.scoring import TwoCovariance

Array = npt.NDArray[Any]


def shows(n_shows: int = 60, n_speakers: int = 5, n: int = 30) -> tuple[Array, Array, Array]:
    """Vectors of speakers of variance 9, 1 and 0 in shows of variance 0, 0 and 100."""
    rng = np.random.default_rng(0)
    show = np.repeat(np.arange(n_shows), n_speakers * n)
    speaker = np.repeat(np.arange(n_shows * n_speakers), n)
    x = rng.normal(size=(len(show), 3))
    x += rng.normal(size=(n_shows * n_speakers, 3))[speaker] * [3, 1, 0]
    x += rng.normal(size=(n_shows, 3))[show] * [0, 0, 10]
    return x, speaker, show


def test_between_speakers_of_a_show_is_not_between_shows() -> None:
    x, speakers, recordings = shows()
    model = TwoCovariance().fit(x, speakers, recordings)
    np.testing.assert_allclose(model.eigenvalues_, [9, 1, 0], rtol=0.2, atol=0.1)
    assert TwoCovariance().fit(x, speakers).eigenvalues_[0] > 50


def test_transformed_vectors_have_unit_covariance_within() -> None:
    x, speakers, recordings = shows()
    y = TwoCovariance(n_components=2).fit(x, speakers, recordings).transform(x)
    means = np.stack([y[speakers == k].mean(axis=0) for k in range(speakers.max() + 1)])
    np.testing.assert_allclose(np.cov((y - means[speakers]).T), np.eye(2), atol=0.06)


def test_a_speaker_in_two_recordings_is_two_classes() -> None:
    x, _, recordings = shows(n_shows=4, n_speakers=2)
    names = np.tile(np.repeat(["ann", "ben"], 30), 4)
    numbers = np.repeat(np.arange(8), 30)
    by_name = TwoCovariance().fit(x, names, recordings)
    by_number = TwoCovariance().fit(x, numbers, recordings)
    np.testing.assert_array_equal(by_name.matrix_, by_number.matrix_)


def test_shrinkage_draws_the_covariance_within_to_the_identity() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2)) * [1, 10]
    x += np.repeat(rng.normal(size=(10, 2)), 30, axis=0)
    full = TwoCovariance(shrinkage=1.0).fit(x, np.repeat(np.arange(10), 30))
    product = full.matrix_.T @ full.matrix_
    np.testing.assert_allclose(product, product[0, 0] * np.eye(2), atol=1e-9)


def test_too_little_to_learn_from() -> None:
    x, speakers, _ = shows(n_shows=2, n_speakers=1)
    with pytest.raises(ModelError, match="no recording has two speakers"):
        TwoCovariance().fit(x, speakers, speakers)
    with pytest.raises(ModelError, match="rank"):
        TwoCovariance().fit(np.hstack([x, x]), speakers)


@pytest.mark.parametrize("n_components", [0, 4])
def test_wrong_number_of_components(n_components: int) -> None:
    x, speakers, _ = shows(n_shows=2)
    with pytest.raises(ParameterError, match="n_components must lie in 1 to 3"):
        TwoCovariance(n_components=n_components).fit(x, speakers)
