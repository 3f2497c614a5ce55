"""LDA: by hand, scikit-learn and its checks, SIDEKIT."""

import numpy as np
import pytest
import scipy.linalg
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.scoring.small import BY_HAND, NAMES
from trfast.errors import ParameterError
from trfast.scoring import Lda


@parametrize_with_checks([Lda(shrinkage=0.3)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


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


def test_too_many_components():
    x = np.random.default_rng(0).normal(size=(20, 4))
    for wrong in (0, 4):
        match = f"1 to 3 for 4 classes and n_features = 4, got {wrong}"
        with pytest.raises(ParameterError, match=match):
            Lda(n_components=wrong).fit(x, np.arange(20) // 5)
