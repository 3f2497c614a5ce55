"""WCCN: by hand, scikit-learn's checks, SIDEKIT."""

import numpy as np
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.scoring.small import BY_HAND, NAMES
from trfast.scoring import Wccn, cosine_similarity


@parametrize_with_checks([Wccn()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


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
