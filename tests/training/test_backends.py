"""Back-ends fitted on labelled vectors: dimensions, starts, errors."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import spearmanr

from trfast.errors import ModelError, ParameterError
from trfast.scoring import Lda, LengthNorm, Plda, TripletRanking, Wccn, Whitening
from trfast.training import EstimatorConfig, SpeakerVectors, TrainingConfig, fit_backends
from trfast.training.backends import triplet_start

FloatArray = npt.NDArray[Any]
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
    estimators=EstimatorConfig(lda_components=3, plda_rank=2, tr={"n_epochs": 5, "n_neighbors": 9})
)


def fitted(vectors: SpeakerVectors, config: TrainingConfig) -> dict[str, Any]:
    return fit_backends(vectors, WHITENING, config)  # type: ignore[return-value]


def test_each_is_the_estimator_on_whitened_unit_vectors():
    found = fitted(VECTORS, SMALL)
    assert found["cosine"] is None
    expected: dict[str, Any] = {
        "wccn": Wccn(shrinkage=0.1),
        "lda": Lda(n_components=3, shrinkage=0.3),
        "plda": Plda(rank=2, shrinkage=0.3),
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
    # And a constant output.
    assert found["tr"].weights_.shape == (RANK, 2 + 1)


def test_a_speaker_at_another_speed_is_another_class():
    speeds = tuple(0.9 if k % N_EACH < 2 else 1.0 for k in range(len(SPEAKERS)))
    vectors = replace(VECTORS, speeds=speeds)
    expected = [f"s{k} x 0.9" if f != 1 else f"s{k}" for k, f in zip(SPEAKERS, speeds, strict=True)]
    assert vectors.classes == expected
    assert VECTORS.classes == list(VECTORS.speakers)
    slow = vectors.only([speed != 1 for speed in speeds])
    assert set(slow.speeds) == {0.9}
    assert slow.classes[:3] == ["s0 x 0.9", "s0 x 0.9", "s1 x 0.9"]
    config = replace(SMALL, backends=("wccn",))
    projected = fitted(vectors, config)["wccn"].transform(UNIT)
    expected_rows = Wccn(shrinkage=0.1).fit(UNIT, expected).transform(UNIT)
    np.testing.assert_allclose(projected, expected_rows, rtol=1e-4, atol=1e-4)


def test_the_network_takes_positives_from_other_recordings():
    config = replace(SMALL, backends=("tr",))
    with pytest.raises(ModelError, match="in at least 2 groups"):
        fitted(replace(VECTORS, recordings=("r0",) * len(SPEAKERS)), config)


def first_outputs(start: FloatArray, x: FloatArray) -> FloatArray:
    return np.asarray(np.tanh(x @ start[:-1] + start[-1]))


def test_the_start_ranks_as_plda():
    plda = Plda(rank=RANK).fit(UNIT, SPEAKERS)
    outputs = first_outputs(triplet_start(plda, UNIT, EstimatorConfig()), UNIT)
    unit = outputs / np.linalg.norm(outputs, axis=1)[:, None]
    pairs = np.triu_indices(len(UNIT), 1)
    cosines, ratios = (unit @ unit.T)[pairs], plda.similarity(UNIT)[pairs]
    assert spearmanr(cosines, ratios).statistic > 0.98
    without = first_outputs(triplet_start(plda, UNIT, EstimatorConfig(tr_constant=0)), UNIT)
    assert without.shape == (len(UNIT), RANK)
    unit = without / np.linalg.norm(without, axis=1)[:, None]
    assert spearmanr((unit @ unit.T)[pairs], ratios).statistic < 0.97


@pytest.mark.parametrize("constant", [0.5, 2.0, 40.0])
def test_the_start_has_the_spread_and_the_constant_asked_for(constant):
    plda = Plda(rank=2).fit(UNIT, SPEAKERS)
    settings = EstimatorConfig(tr_spread=0.1, tr_constant=constant)
    start = triplet_start(plda, UNIT, settings)
    entering = UNIT @ start[:-1, :2] + start[-1, :2]
    assert np.sqrt(np.mean(entering**2)) == pytest.approx(0.1)
    constants = first_outputs(start, UNIT)[:, 2:]
    assert np.ptp(constants, axis=0).max() == 0
    assert np.abs(constants).max() <= 0.9
    length = constant * 0.1 * np.sqrt(2)
    np.testing.assert_allclose(np.linalg.norm(constants, axis=1), length)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_network_starts_from_plda(scale):
    # One small step of Adadelta.
    settings = {"n_epochs": 1, "learning_rate": 1e-3, "n_neighbors": 9, "input_scale": scale}
    config = replace(SMALL, backends=("tr",), estimators=replace(SMALL.estimators, tr=settings))
    network = fitted(VECTORS, config)["tr"]
    plda = Plda(rank=2, shrinkage=0.3).fit(UNIT, SPEAKERS)
    start = triplet_start(plda, UNIT, EstimatorConfig())
    # `estimator_of` takes the input scale into the weights.
    np.testing.assert_allclose(network.weights_, start[:-1], atol=1e-4)
    np.testing.assert_allclose(network.bias_, start[-1], atol=1e-4)
    assert not network.weights_[:, 2:].any()


def test_random_start_and_arguments_of_the_network():
    arguments: dict[str, Any] = {
        "n_components": 5,
        "n_epochs": 2,
        "n_neighbors": 9,
        "random_state": 3,
    }
    estimators = EstimatorConfig(tr=arguments, tr_start="random")
    config = replace(SMALL, backends=("tr",), estimators=estimators)
    expected = TripletRanking(**arguments).fit(
        UNIT, np.array(VECTORS.speakers), groups=VECTORS.recordings
    )
    weights = fitted(VECTORS, config)["tr"].weights_
    np.testing.assert_allclose(weights, expected.weights_, rtol=1e-5, atol=1e-6)
    with pytest.raises(ParameterError, match="tr_start must be one of plda, random, got 'x'"):
        EstimatorConfig(tr_start="x")  # type: ignore[arg-type]


def test_too_few_vectors_of_each():
    first = [k % N_EACH == 0 for k in range(len(SPEAKERS))]
    with pytest.raises(ModelError, match="each of the 12 classes has one vector"):
        fitted(VECTORS.only(first), SMALL)
    pairs = VECTORS.only([k % N_EACH < 2 for k in range(len(SPEAKERS))])
    with pytest.raises(ModelError, match=r"largest of 2, cannot .* at least 3 vectors"):
        fitted(pairs, replace(SMALL, backends=("tr",)))


def test_the_recipe_of_the_paper():
    config = TrainingConfig.paper(seed=4)
    assert (config.seed, config.min_recordings, config.min_class_speech) == (4, 3, 10)
    assert (config.augmentation.n_copies, config.augmentation.speeds) == (0, ())
    assert config.whitening_shrinkage == 0
    backends = ("wccn", "lda", "plda", "tr")
    found = fitted(VECTORS, replace(config, backends=backends))  # type: ignore[arg-type]
    expected: dict[str, Any] = {
        "wccn": Wccn(),
        "lda": Lda(n_components=RANK),
        "plda": Plda(rank=RANK),
    }
    for name, estimator in expected.items():
        # Directions have no sign.
        rows, expected_rows = found[name].transform(UNIT), estimator.fit_transform(UNIT, SPEAKERS)
        np.testing.assert_allclose(rows @ rows.T, expected_rows @ expected_rows.T, atol=1e-3)
    scale = config.estimators.tr["input_scale"]
    network = TripletRanking(random_state=4, input_scale=scale)
    network.fit(UNIT, np.array(VECTORS.speakers), groups=VECTORS.recordings)
    np.testing.assert_allclose(found["tr"].weights_, scale * network.weights_, rtol=1e-4, atol=1e-4)
