"""Back-ends fitted on labelled vectors: dimensions, starts, errors."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from trfast.errors import ModelError, ParameterError
from trfast.scoring import Lda, LengthNorm, Plda, TripletRanking, Wccn, Whitening
from trfast.training import BackendConfig, SpeakerVectors, TrainingConfig, fit_backends

RNG = np.random.default_rng(0)
N_SPEAKERS, N_EACH, RANK = 12, 4, 6
SPEAKERS = np.repeat(np.arange(N_SPEAKERS), N_EACH)
X = 2 * RNG.normal(size=(N_SPEAKERS, RANK))[SPEAKERS] + RNG.normal(size=(len(SPEAKERS), RANK))
VECTORS = SpeakerVectors(
    X.astype(np.float32),
    tuple(f"s{k}" for k in SPEAKERS),
    tuple(f"r{k % N_EACH}" for k in range(len(SPEAKERS))),
)
WHITENING = Whitening().fit(VECTORS.vectors)
UNIT = LengthNorm().fit_transform(WHITENING.transform(VECTORS.vectors))
SMALL = TrainingConfig(
    backend=BackendConfig(lda_components=3, plda_rank=2, tr={"n_epochs": 5, "n_neighbors": 9})
)


def fitted(vectors: SpeakerVectors, config: TrainingConfig) -> dict[str, Any]:
    return fit_backends(vectors, WHITENING, config)


def test_each_is_the_estimator_on_whitened_unit_vectors():
    found = fitted(VECTORS, SMALL)
    assert found["cosine"] is None
    expected: dict[str, Any] = {
        "wccn": Wccn(shrinkage=0.2),
        "lda": Lda(n_components=3, shrinkage=0.7),
        "plda": Plda(rank=2, shrinkage=0.7),
    }
    for name, estimator in expected.items():
        expected_rows = estimator.fit(UNIT, SPEAKERS).transform(UNIT)
        np.testing.assert_allclose(found[name].transform(UNIT), expected_rows, rtol=1e-4, atol=1e-4)


def test_dimensions_are_cut_to_what_there_is():
    found = fitted(VECTORS, TrainingConfig())
    assert found["lda"].matrix_.shape == (RANK, RANK)
    assert found["plda"].factor_.shape == (RANK, RANK)
    few = VECTORS.only([speaker in ("s0", "s1", "s2") for speaker in VECTORS.speakers])
    found = fitted(few, TrainingConfig())
    assert found["lda"].matrix_.shape == found["plda"].factor_.shape == (RANK, 2)
    assert found["tr"].weights_.shape == (RANK, 2)


@pytest.mark.parametrize(
    ("start", "estimator"), [("plda", Plda(rank=2, shrinkage=0.7)), ("lda", Lda(n_components=3))]
)
def test_the_network_starts_from_another_back_end(start, estimator):
    settings = {"n_epochs": 1, "triplets_per_class": 1, "n_neighbors": 9, "input_scale": 2.0}
    backend = replace(SMALL.backend, lda_shrinkage=0.0, tr=settings, tr_start=start)
    config = replace(SMALL, backends=("tr",), backend=backend)
    weights = fitted(VECTORS, config)["tr"].weights_
    estimator.fit(UNIT, SPEAKERS)
    projection = estimator.transform(np.eye(RANK)) - estimator.transform(np.zeros((1, RANK)))
    # One step of Adadelta moves weights by about 0.005.
    cosine = np.vdot(weights, projection) / np.linalg.norm(weights) / np.linalg.norm(projection)
    assert cosine > 0.99
    # `estimator_of` takes the input scale into the weights.
    assert np.sqrt(np.mean((UNIT @ weights) ** 2)) == pytest.approx(0.5, rel=0.05)


def test_random_start_and_arguments_of_the_network():
    arguments: dict[str, Any] = {
        "n_components": 5,
        "n_epochs": 2,
        "n_neighbors": 9,
        "random_state": 3,
    }
    backend = BackendConfig(tr=arguments, tr_start="random")
    config = replace(SMALL, backends=("tr",), backend=backend)
    expected = TripletRanking(**arguments).fit(UNIT, np.array(VECTORS.speakers))
    weights = fitted(VECTORS, config)["tr"].weights_
    np.testing.assert_allclose(weights, expected.weights_, rtol=1e-5, atol=1e-6)
    with pytest.raises(ParameterError, match="tr_start must be 'plda', 'lda' or 'random', got 'x'"):
        BackendConfig(tr_start="x")


def test_too_few_vectors_of_each():
    first = [k % N_EACH == 0 for k in range(len(SPEAKERS))]
    with pytest.raises(ModelError, match="each of the 12 classes has one vector"):
        fitted(VECTORS.only(first), SMALL)
    pairs = VECTORS.only([k % N_EACH < 2 for k in range(len(SPEAKERS))])
    with pytest.raises(ModelError, match=r"largest of 2, cannot .* at least 3 vectors"):
        fitted(pairs, replace(SMALL, backends=("tr",)))
