"""Names of what comes out, and tables in place of arrays, as in scikit-learn."""

import numpy as np
import pytest
from sklearn import config_context

from trfast.scoring import (
    Centering,
    EigenFactorRadial,
    Lda,
    LengthNorm,
    Plda,
    TripletRanking,
    Wccn,
    Whitening,
)
from trfast.scoring.backend import Backend

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.arange(30) // 3
OWN_NAMES = {
    Whitening(): ["whitening0", "whitening1", "whitening2"],
    EigenFactorRadial(): [f"eigenfactorradial{k}" for k in range(3)],
    Wccn(): ["wccn0", "wccn1", "wccn2"],
    Lda(n_components=2): ["lda0", "lda1"],
    Plda(rank=2): ["plda0", "plda1"],
    TripletRanking(n_components=2, n_epochs=2): ["tripletranking0", "tripletranking1"],
}


def name_of(estimator):
    return type(estimator).__name__


@pytest.mark.parametrize("estimator", OWN_NAMES, ids=name_of)
def test_what_mixes_columns_names_its_own(estimator):
    fitted = estimator.fit(X, Y)
    assert fitted.get_feature_names_out().tolist() == OWN_NAMES[estimator]
    assert fitted.transform(X).shape == (30, len(OWN_NAMES[estimator]))


@pytest.mark.parametrize("estimator", [Centering(), LengthNorm()], ids=name_of)
def test_what_keeps_columns_keeps_their_names(estimator):
    names = estimator.fit(X).get_feature_names_out(["a", "b", "c"])
    assert names.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("estimator", [*OWN_NAMES, Centering(), LengthNorm()], ids=name_of)
def test_tables(estimator):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    expected = estimator.fit(X, Y).transform(X)
    with config_context(transform_output="pandas"):
        table = estimator.fit(X, Y).transform(X)
    assert isinstance(table, pandas.DataFrame)
    assert table.columns.tolist() == estimator.get_feature_names_out().tolist()
    np.testing.assert_array_equal(table.to_numpy(), expected)


def test_a_back_end_has_no_tables_inside():
    pytest.importorskip("pandas", reason="pandas is not installed")
    backend = Backend(name="lda", whitening=Whitening().fit(X), estimator=Lda().fit(X, Y))
    expected = backend.project(X)
    with config_context(transform_output="pandas"):
        np.testing.assert_array_equal(backend.project(X), expected)
