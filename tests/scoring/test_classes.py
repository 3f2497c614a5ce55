"""Classes that nothing can be learned from."""

import numpy as np
import pytest

from trfast.errors import ModelError, ParameterError
from trfast.scoring import Lda, Wccn


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
