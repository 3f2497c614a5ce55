"""S-norm: one pair at a time, and scikit-learn's checks."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.reference import calibration as reference
from trfast.errors import ParameterError
from trfast.scoring import Plda, SNorm, cosine_similarity, normalize_scores


@parametrize_with_checks([SNorm()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("n_top", [2, 5, 12, None])
def test_s_norm_equals_one_pair_at_a_time(n_top):
    rng = np.random.default_rng(0)
    # More rows than a block holds.
    cohort, a, b = (rng.normal(size=(n, 4)) for n in (12, 1030, 3))
    scores, of_a, of_b = (cosine_similarity(*rows) for rows in ((a, b), (a, cohort), (b, cohort)))
    expected = [
        [reference.normalized_score(s, x, y, n_top or 12) for s, y in zip(row, of_b, strict=True)]
        for row, x in zip(scores, of_a, strict=True)
    ]
    norm = SNorm(n_top=n_top).fit(cohort)
    np.testing.assert_allclose(norm.normalized_similarity(a, b), expected, rtol=1e-9)
    np.testing.assert_allclose(norm.normalized_similarity(b, a), np.transpose(expected), rtol=1e-9)
    np.testing.assert_allclose(normalize_scores(scores, of_a, of_b, n_top=n_top), expected)
    np.testing.assert_array_equal(
        norm.normalized_similarity(a[:5]), norm.normalized_similarity(a[:5], a[:5])
    )
    single = norm.normalized_similarity(a.astype(np.float32), b.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-4)


def test_s_norm_of_any_similarity():
    rng = np.random.default_rng(1)
    speakers = np.repeat(np.arange(20), 3)
    x = rng.normal(size=(20, 4))[speakers] + 0.5 * rng.normal(size=(60, 4))
    plda = Plda(rank=2).fit(x, speakers)
    scores = SNorm(similarity=plda.similarity, n_top=5).fit(x[:30]).normalized_similarity(x[30:])
    ratios = plda.similarity(x)
    np.testing.assert_allclose(
        scores, normalize_scores(ratios[30:, 30:], ratios[30:, :30], n_top=5)
    )


def test_s_norm_takes_out_shift_and_scale():
    rng = np.random.default_rng(2)
    scores, cohort = rng.normal(size=(6, 6)), rng.normal(size=(6, 30))
    expected = normalize_scores(scores, cohort, n_top=10)
    np.testing.assert_allclose(normalize_scores(5 * scores - 2, 5 * cohort - 2, n_top=10), expected)


def test_bad_cohorts():
    x = np.eye(3)
    with pytest.raises(ParameterError, match="minimum of 2 is required"):
        SNorm().fit(x[:1])
    with pytest.raises(ParameterError, match="n_top must be at least 2, got 1; n_top=None"):
        SNorm(n_top=1).fit(x).normalized_similarity(x)
    with pytest.raises(ParameterError, match="row 1 scores 0 with all 2 cohort vectors that count"):
        SNorm().fit([[1, 0, 0], [0, 1, 0]]).normalized_similarity([[1, 0, 0], [0, 0, 1]])
    with pytest.raises(ParameterError, match=r"row 0 scores 0\.5774 with all 3 cohort"):
        SNorm().fit(np.eye(3, dtype=np.float32)).normalized_similarity(np.ones((1, 3), np.float32))
    with pytest.raises(ParameterError, match="X has 2 features, but SNorm is expecting 3"):
        SNorm().fit(x).normalized_similarity(x[:, :2])
    with pytest.raises(ParameterError, match="NaN"):
        SNorm().fit(x).normalized_similarity(x * np.nan)


def test_bad_score_matrices():
    scores = np.arange(6.0).reshape(2, 3)
    cohort = np.arange(12.0).reshape(3, 4)
    with pytest.raises(ParameterError, match="scores have 2 rows, but cohort_a has 3"):
        normalize_scores(scores, cohort)
    with pytest.raises(ParameterError, match="scores must have 2 columns, got 3"):
        normalize_scores(scores, cohort[:2])
    with pytest.raises(ParameterError, match="cohort_b holds NaN or infinity, first in row 0"):
        normalize_scores(scores, cohort[:2], cohort * np.nan)
