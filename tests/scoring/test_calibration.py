"""Calibration: by hand, one trial at a time, and on scores of a known law."""

import math

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from tests.reference import calibration as reference
from trfast.errors import ModelError, ParameterError
from trfast.scoring.calibration import (
    LogisticCalibration,
    best_threshold,
    cllr,
    score_histogram,
)

TRIALS = st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=2).filter(
    lambda trials: len({label for _, label in trials}) == 2
)


def gaussian_trials(n_targets, n_others, seed=0):
    """Scores around 3 and 1 with a variance of 2: the ratio is score - 2."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_targets + n_others) < n_targets
    return rng.normal(np.where(labels, 3, 1), math.sqrt(2)), labels


@pytest.mark.parametrize("prior", [0.01, 0.5, 0.9])
def test_two_scores_by_hand(prior):
    # 3 of 4 targets and 1 of 5 others score 7, the rest 2: the ratios are those of the shares.
    scores, labels = [7, 7, 7, 2, 7, 2, 2, 2, 2], [1, 1, 1, 1, 0, 0, 0, 0, 0]
    calibration = LogisticCalibration(prior=prior).fit(scores, labels)
    expected = np.log([[0.25 / 0.8], [0.75 / 0.2]])
    np.testing.assert_allclose(calibration.transform([[2], [7]]), expected, rtol=1e-7)
    slope = (expected[1, 0] - expected[0, 0]) / 5
    assert calibration.slope_ == pytest.approx(slope)
    assert calibration.offset_ == pytest.approx(expected[0, 0] - 2 * slope)
    # Odds of 1 to e^3 ask for a ratio of 3.
    threshold = calibration.threshold(prior=1 / (1 + math.exp(3)))
    assert calibration.transform(threshold) == pytest.approx(3)


@pytest.mark.parametrize("prior", [0.01, 0.5])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_least_cross_entropy(prior, scale):
    scores, labels = gaussian_trials(30, 200)
    # Far from a Gaussian, so that the prior matters.
    scores = np.exp(scores / 2)
    optimum = scipy.optimize.minimize(
        lambda p: reference.cross_entropy(p[0] * scores + p[1], labels, prior), [1.0, 0.0]
    )
    calibration = LogisticCalibration(prior=prior).fit(scale * (scores - 50), labels)
    assert calibration.slope_ * scale == pytest.approx(optimum.x[0], abs=1e-3)
    ratios = calibration.transform(scale * (scores - 50))
    assert reference.cross_entropy(ratios, labels, prior) <= optimum.fun + 1e-12


@pytest.mark.parametrize("prior", [0.1, 0.5])
def test_ratios_of_gaussian_scores(prior):
    calibration = LogisticCalibration(prior=prior).fit(*gaussian_trials(20_000, 50_000))
    np.testing.assert_allclose([calibration.slope_, calibration.offset_], [1, -2], atol=0.06)
    # Equal densities at 2; odds of 1 to 99 ask for a ratio of log(99).
    assert calibration.threshold(prior=0.5) == pytest.approx(2, abs=0.05)
    assert calibration.threshold() == pytest.approx(2 + math.log(99), abs=0.2)


def test_calibration_of_calibrated_scores_changes_nothing():
    scores, labels = gaussian_trials(100, 300)
    ratios = LogisticCalibration(prior=0.2).fit(scores, labels).transform(scores)
    again = LogisticCalibration(prior=0.2).fit(ratios, labels)
    np.testing.assert_allclose([again.slope_, again.offset_], [1, 0], atol=1e-6)


def test_calibration_keeps_shape_and_type():
    calibration = clone(LogisticCalibration(prior=0.2)).fit(*gaussian_trials(50, 50))
    assert calibration.get_params() == {"prior": 0.2}
    ratios = calibration.transform(np.ones((3, 4), np.float32))
    assert (ratios.shape, ratios.dtype) == ((3, 4), np.float32)


def test_scores_that_cannot_be_calibrated():
    fit = LogisticCalibration().fit
    with pytest.raises(ModelError, match=r"all 2 target .* at least 3 and all 3 others at most 3"):
        fit([5, 3, 3, 2, 1], [1, 1, 0, 0, 0])
    for scores in ([1, 1, 1], [1, 2, 3]):
        with pytest.raises(ModelError, match="target trials score 1 on average, and others"):
            fit(scores, [1, 0, 0])
    for prior in (0, 1, math.nan):
        with pytest.raises(ParameterError, match=f"prior must lie between 0 and 1, got {prior}"):
            LogisticCalibration(prior=prior).fit([0, 1, 0, 1], [0, 0, 1, 1])
    calibration = fit([0, 1, 0, 1, 1], [0, 0, 1, 1, 1])
    with pytest.raises(ParameterError, match="prior must lie between 0 and 1, got 2"):
        calibration.threshold(prior=2)


@pytest.mark.parametrize(
    "function", [LogisticCalibration().fit, cllr, best_threshold, score_histogram]
)
def test_bad_trials(function):
    with pytest.raises(ParameterError, match=r"equally long, got \(2,\) and \(1,\)"):
        function([1, 2], [1])
    with pytest.raises(ParameterError, match="1-D"):
        function([[1, 2]], [[0, 1]])
    with pytest.raises(ParameterError, match="NaN or infinity in 2 places"):
        function([1, math.nan, math.inf], [0, 1, 1])
    with pytest.raises(ParameterError, match="0 target and 2 non-target trials"):
        function([1, 2], [0, 0])
    with pytest.raises(ParameterError, match="true \\(target\\) or false"):
        function([1, 2], [0, 2])


def test_cllr_by_hand():
    # Targets at odds of 1 and 3 cost 1 and log2(4 / 3); another at odds of 3 costs 2.
    ratios = np.log([1, 3, 3])
    assert cllr(ratios, [1, 1, 0]) == pytest.approx((0.5 * (1 + math.log2(4 / 3)) + 2) / 2)
    assert cllr([1000, -1000], [1, 0]) == 0
    assert cllr([-1000, -1000], [1, 0]) == pytest.approx(500 / math.log(2))


@given(TRIALS)
def test_cllr_is_the_cross_entropy_at_even_odds(trials):
    ratios, labels = zip(*trials, strict=True)
    expected = reference.cross_entropy(ratios, labels, 0.5) / math.log(2)
    assert cllr(ratios, labels) == pytest.approx(expected)


@given(TRIALS, st.sampled_from([0.01, 0.3, 0.5, 0.8]))
def test_best_threshold_costs_least(trials, prior):
    scores, labels = zip(*trials, strict=True)
    best = best_threshold(scores, labels, prior=prior)
    costs = {t: reference.detection_cost(t, scores, labels, prior) for t in (*scores, math.inf)}
    assert costs[best] == pytest.approx(min(costs.values()), abs=1e-12)


def test_best_threshold_by_hand():
    scores, labels = [1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 1, 0]
    # One false alarm outweighs all misses: refuse everything.
    assert best_threshold(scores, labels) == math.inf
    # At 4 a third of each kind is wrong; at 2 two thirds of the others.
    assert best_threshold(scores, labels, prior=0.4) == 4
    assert best_threshold(scores, labels, prior=0.9) == 2
    with pytest.raises(ParameterError, match="prior must lie between 0 and 1, got 0"):
        best_threshold(scores, labels, prior=0)


def test_histogram_by_hand():
    histogram = score_histogram([-1, 0, 0.5, 1, 3], [0, 0, 1, 0, 1], bins=4)
    assert histogram.edges.tolist() == [-1, 0, 1, 2, 3]
    assert histogram.targets.tolist() == [0, 1, 0, 1]
    assert histogram.others.tolist() == [1, 1, 1, 0]
    with pytest.raises(ParameterError, match="bins must be at least 1, got 0"):
        score_histogram([1, 2], [0, 1], bins=0)
