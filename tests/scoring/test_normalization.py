"""Whitening, LengthNorm, Wccn and Lda: by hand, scikit-learn and its checks, SIDEKIT."""

import numpy as np
import pytest
import scipy.linalg
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.estimator_checks import parametrize_with_checks

from trfast.errors import ModelError, ParameterError
from trfast.scoring import (
    Centering,
    EigenFactorRadial,
    Lda,
    LengthNorm,
    Wccn,
    Whitening,
    cosine_similarity,
)


@parametrize_with_checks(
    [
        Centering(),
        Whitening(),
        Whitening(shrinkage=0.3),
        EigenFactorRadial(),
        LengthNorm(),
        Wccn(),
        Lda(shrinkage=0.3),
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


# Means (4, 1), (1, 0), (1, 3); within each class a spread of 1 in one of the columns.
BY_HAND = [[4.0, 0.0], [4.0, 2.0], [0.0, 0.0], [2.0, 0.0], [1.0, 3.0], [1.0, 3.0]]
NAMES = ["ann", "ann", "bob", "bob", "eve", "eve"]


def test_wccn_by_hand():
    wccn = Wccn().fit(BY_HAND, NAMES)
    np.testing.assert_allclose(wccn.within_, np.eye(2) / 3, atol=1e-15)
    np.testing.assert_allclose(wccn.transform([[1.0, 2.0]]), [[3**0.5, 2 * 3**0.5]])


def test_wccn_equals_sidekit(golden):
    data = np.load(golden / "g_scoring.npz")
    wccn = Wccn().fit(data["train"], data["train_label"])
    np.testing.assert_allclose(wccn.within_, data["within_cov"], atol=1e-12)
    np.testing.assert_allclose(wccn.matrix_, data["wccn_chol"], atol=1e-12)
    scores = cosine_similarity(wccn.transform(data["X"]))
    np.testing.assert_allclose(scores, data["cosine_wccn"], atol=1e-6)


def test_wccn_shrunk_fully_only_scales(golden):
    data = np.load(golden / "g_scoring.npz")
    wccn = Wccn(shrinkage=1.0).fit(data["train"], data["train_label"])
    np.testing.assert_allclose(wccn.matrix_, np.eye(50) * wccn.matrix_[0, 0], atol=1e-12)
    half = Wccn(shrinkage=0.5).fit(data["train"], data["train_label"]).matrix_
    inverse = np.linalg.inv(half @ half.T)
    expected = data["within_cov"] / 2 + np.eye(50) * np.trace(data["within_cov"]) / 100
    np.testing.assert_allclose(inverse, expected, atol=1e-12)


def test_lda_by_hand():
    # B is [[2, -1/3], [-1/3, 14/9]] and W a third of the identity.
    lda = Lda().fit(BY_HAND, NAMES)
    b = np.array([[2, -1 / 3], [-1 / 3, 14 / 9]])
    np.testing.assert_allclose(lda.eigenvalues_, 3 * np.linalg.eigvalsh(b)[::-1])
    np.testing.assert_allclose(lda.matrix_.T @ lda.matrix_, 3 * np.eye(2), atol=1e-12)
    np.testing.assert_allclose(lda.mean_, [2, 4 / 3])


def test_lda_equals_scikit_learn(golden):
    """But for the signs of the directions."""
    data = np.load(golden / "g_scoring.npz")
    x, y = data["train"], data["train_label"]
    theirs = LinearDiscriminantAnalysis(solver="eigen", n_components=10).fit(x, y).scalings_[:, :10]
    ours = Lda(n_components=10).fit(x, y).matrix_
    theirs = theirs * np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_shrunk_lda_solves_its_equation(golden):
    data = np.load(golden / "g_scoring.npz")
    x, y = data["train"], data["train_label"]
    lda = Lda(n_components=5, shrinkage=0.7).fit(x, y)
    w = 0.3 * data["within_cov"] + 0.7 * np.eye(50) * np.trace(data["within_cov"]) / 50
    residual = data["between_cov"] @ lda.matrix_ - w @ lda.matrix_ * lda.eigenvalues_
    np.testing.assert_allclose(residual, 0, atol=1e-10)


def test_lda_separates_better_than_sidekit(golden):
    """SIDEKIT gives the product inv(W) B, which is not symmetric, to a solver for symmetric
    matrices, which reads one half of it. So its directions follow from our covariances by the
    same slip, but what they keep of the separation of speakers is less.
    """
    data = np.load(golden / "g_scoring.npz")
    between, within = data["between_cov"], data["within_cov"]
    slip = scipy.linalg.eigh(np.linalg.solve(within, between))[1][:, :-11:-1]
    assert scipy.linalg.subspace_angles(slip, data["lda10"]).max() < 1e-6

    def separation(v):
        return np.trace(np.linalg.solve(v.T @ within @ v, v.T @ between @ v))

    lda = Lda(n_components=10).fit(data["train"], data["train_label"])
    np.testing.assert_allclose(separation(lda.matrix_), lda.eigenvalues_.sum())
    assert separation(lda.matrix_) > 1.01 * separation(data["lda10"])


@pytest.mark.parametrize("estimator", [Wccn(), Lda()])
def test_bad_classes(estimator):
    name = type(estimator).__name__
    x = np.random.default_rng(0).normal(size=(12, 4))
    with pytest.raises(ParameterError, match=f"12 vectors of 1 class cannot train {name}"):
        estimator.fit(x, np.zeros(12))
    with pytest.raises(ModelError, match="each of the 12 classes has one vector"):
        estimator.fit(x, np.arange(12))
    with pytest.raises(ParameterError, match=r"inconsistent numbers of samples: \[12, 11\]"):
        estimator.fit(x, np.arange(11) // 2)
    with pytest.raises(ModelError, match="of 4 vectors in 2 classes has rank 2 of 4: give more"):
        estimator.fit(x[:4], [0, 0, 1, 1])
    with pytest.raises(ParameterError, match=r"infinity, first in row 0 \(12 of 12 rows\)"):
        estimator.fit(np.where(x > 2, x, np.nan), np.arange(12) // 3)
    with pytest.raises(ParameterError, match=f"X has 3 features, but {name} is expecting 4"):
        estimator.fit(x, np.arange(12) // 3).transform(x[:, :3])


def test_constant_and_duplicated_vectors_need_shrinkage():
    x = np.random.default_rng(0).normal(size=(20, 4))
    x[:, 2] = 1.0
    y = np.arange(20) // 4
    with pytest.raises(ModelError, match="has rank 3 of 4"):
        Wccn().fit(x, y)
    assert np.isfinite(Wccn(shrinkage=0.1).fit(x, y).matrix_).all()
    same = np.repeat(x[:5], 4, axis=0)
    with pytest.raises(ModelError, match="has rank 0 of 4"):
        Lda(shrinkage=0.5).fit(same, y)


def test_columns_of_unlike_scale_are_not_singular():
    x = np.random.default_rng(0).normal(size=(40, 2)) * [1e-9, 1e6]
    y = np.arange(40) // 4
    assert Lda().fit(x, y).eigenvalues_[1] > 0
    assert np.isfinite(Wccn(shrinkage=0.5).fit(x, y).matrix_).all()


def test_too_many_components():
    x = np.random.default_rng(0).normal(size=(20, 4))
    for wrong in (0, 4):
        match = f"1 to 3 for 4 classes and n_features = 4, got {wrong}"
        with pytest.raises(ParameterError, match=match):
            Lda(n_components=wrong).fit(x, np.arange(20) // 5)
