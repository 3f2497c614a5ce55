"""Estimators are scikit-learn's by what they can do; `check_estimator` is in the tests of each."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from trfast._estimators import arrays_only
from trfast.embedding import DiagonalGmm, TotalVariability
from trfast.scoring import LengthNorm, Wccn, Whitening

X = np.random.default_rng(0).normal(size=(20, 3))


def test_parameters_of_parameters() -> None:
    total = TotalVariability(ubm=DiagonalGmm(n_components=4), rank=2)
    assert total.get_params()["ubm__n_components"] == 4
    assert "ubm__n_components" not in total.get_params(deep=False)
    assert total.set_params(rank=3, ubm__n_components=8) is total
    assert (total.rank, total.ubm.n_components) == (3, 8)


def test_an_unknown_parameter() -> None:
    with pytest.raises(ValueError, match=r"Invalid parameter 'size' for estimator Wccn\(\)"):
        Wccn().set_params(size=3)


def test_what_is_not_default_is_shown() -> None:
    assert repr(Whitening()) == "Whitening()"
    assert repr(Whitening(shrinkage=0.5)) == "Whitening(shrinkage=0.5)"


def test_tables_of_one_estimator_and_of_its_clone() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    whitening = Whitening().set_output(transform="pandas")
    for each in (whitening, clone(whitening)):
        assert isinstance(each.fit_transform(X), pandas.DataFrame)
    with arrays_only():
        assert isinstance(Whitening().fit_transform(X), np.ndarray)


def test_a_table_keeps_its_index() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.DataFrame(X, index=range(100, 120), columns=list("abc"))
    made: Any = LengthNorm().set_output(transform="pandas").fit(table).transform(table)
    assert made.index.tolist() == table.index.tolist()
    assert made.columns.tolist() == ["a", "b", "c"]


def test_what_has_learned_nothing() -> None:
    with pytest.raises(NotFittedError, match="LengthNorm instance is not fitted"):
        LengthNorm().transform(X)
    with pytest.raises(NotFittedError, match="Whitening instance is not fitted"):
        Whitening().transform(X)


def test_another_number_of_columns_after_a_plain_one() -> None:
    fitted = LengthNorm().fit(X)
    with pytest.raises(ValueError, match="X has 2 features, but LengthNorm is expecting 3"):
        fitted.transform(X[:, :2])
