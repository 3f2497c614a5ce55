"""Centring, whitening and length normalization: by hand, scikit-learn's checks, SIDEKIT."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from trfast.errors import ParameterError
from trfast.scoring import (
    Centering,
    EigenFactorRadial,
    LengthNorm,
    Whitening,
)


@parametrize_with_checks(
    [
        Centering(),
        Whitening(),
        Whitening(shrinkage=0.3),
        EigenFactorRadial(),
        LengthNorm(),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_whitening_by_hand():
    # Mean (1, 2), covariance diag(8, 2): 2 / sqrt(8) and 1 / sqrt(2).
    x = np.array([[3.0, 2.0], [-1.0, 2.0], [1.0, 3.0], [1.0, 1.0]])
    covariance = np.array([[8.0, 0.0], [0.0, 2.0]]) / 3
    whitening = Whitening().fit(x)
    np.testing.assert_allclose(whitening.mean_, [1, 2])
    np.testing.assert_allclose(whitening.matrix_, np.diag(1 / np.sqrt(np.diag(covariance))))
    np.testing.assert_allclose(whitening.transform([[3.0, 3.0]]), [[1.5**0.5, 1.5**0.5]])


def test_correlated_columns_become_white():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5)) @ rng.normal(size=(5, 5)) + 7
    white = Whitening().fit_transform(x)
    np.testing.assert_allclose(np.cov(white.T), np.eye(5), atol=1e-10)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-10)
    # Symmetric: of all whitenings, the one that moves the vectors least.
    matrix = Whitening().fit(x).matrix_
    np.testing.assert_allclose(matrix, matrix.T)


def test_shrinkage_by_hand():
    x = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    # Covariance diag(6, 2/3); half of it and half of its mean, 10/3.
    expected = 1 / np.sqrt([3 + 5 / 3, 1 / 3 + 5 / 3])
    matrix = Whitening(shrinkage=0.5).fit(x).matrix_
    np.testing.assert_allclose(matrix, np.diag(expected))
    matrix = Whitening(shrinkage=1.0).fit(x).matrix_
    np.testing.assert_allclose(matrix, np.eye(2) / np.sqrt(10 / 3))
    for wrong in (-0.1, 1.1):
        with pytest.raises(ParameterError, match=f"0 to 1, got {wrong}"):
            Whitening(shrinkage=wrong).fit(x)


def test_fewer_vectors_than_columns():
    x = np.random.default_rng(0).normal(size=(4, 30))
    white = Whitening().fit_transform(x)
    assert np.isfinite(white).all()
    np.testing.assert_allclose(np.linalg.eigvalsh(np.cov(white.T))[-3:], 1)


def test_constant_vectors():
    x = np.full((5, 3), 2.0)
    assert not Whitening().fit_transform(x).any()


def test_centering_by_hand():
    centering = Centering().fit([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(centering.transform([[2.0, 5.0]]), [[0.0, 2.0]])


def test_length_norm_by_hand():
    x = [[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]]
    unit = [[0.6, 0.8], [0.0, 0.0], [0.0, -1.0]]
    np.testing.assert_allclose(LengthNorm().fit_transform(x), unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_kept(dtype):
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(dtype)
    for estimator in (Whitening(), LengthNorm()):
        assert estimator.fit_transform(x).dtype == dtype


def test_eigen_factor_radial_equals_sidekit(golden):
    """Two rounds of whitening and length normalization are SIDEKIT's EFR, but for a rotation:
    it whitens along the eigenvectors, we symmetrically. So inner products are compared. (Its
    covariance divides by n: the length normalization takes that factor out.) Its spherical
    nuisance normalization, `sph_*`, whitens within speakers: that is `Wccn`.
    """
    data = np.load(golden / "g_scoring.npz")
    vectors = data["train"]
    n = len(vectors)
    first = Whitening().fit(vectors)
    covariance = np.linalg.inv(first.matrix_ @ first.matrix_) * (n - 1) / n
    np.testing.assert_allclose(first.mean_, data["efr_mean"][0], atol=1e-12)
    np.testing.assert_allclose(covariance, data["efr_cov"][0], atol=1e-12)
    vectors = EigenFactorRadial().fit_transform(vectors)
    expected = data["efr_train"] @ data["efr_train"].T
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-12)
