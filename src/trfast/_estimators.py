"""Estimators in the manner of scikit-learn, which takes a second to load: they load it where they
are trained, or used with its tools, and not to apply what was learned."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sklearn.utils import Tags


class Estimator:
    """What scikit-learn asks of an estimator: parameters that `__init__` only stores, and tags."""

    n_features_in_: int

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, with ``deep`` those of estimators among them too."""
        found: dict[str, Any] = {}
        for name in sorted(_defaults(type(self))):
            value = getattr(self, name)
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                found |= {f"{name}__{own}": each for own, each in value.get_params().items()}
            found[name] = value
        return found

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``a__b`` is parameter b of the estimator a."""
        names = sorted(_defaults(type(self)))
        for name, value in params.items():
            own, inner, rest = name.partition("__")
            if own not in names:
                raise ValueError(  # as scikit-learn says it
                    f"Invalid parameter {own!r} for estimator {self}."
                    f" Valid parameters are: {names!r}."
                )
            if inner:
                getattr(self, own).set_params(**{rest: value})
            else:
                setattr(self, own, value)
        return self

    def __repr__(self) -> str:
        changed = [
            f"{name}={getattr(self, name)!r}"
            for name, default in sorted(_defaults(type(self)).items())
            if repr(getattr(self, name)) != repr(default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Tags:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))


class Transformer(Estimator):
    """An estimator that turns rows into others."""

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit, and transform what it was fitted to."""
        own: Any = self
        return (own.fit(X, **params) if y is None else own.fit(X, y, **params)).transform(X)

    def __sklearn_tags__(self) -> Tags:
        from sklearn.utils import TransformerTags

        tags = super().__sklearn_tags__()
        tags.transformer_tags = TransformerTags()
        return tags


class NamedTransformer(Transformer):
    """A transformer whose columns have names, after its class, and which makes tables if it, or
    scikit-learn, is told so."""

    _n_features_out: Any
    # As scikit-learn calls it, whose `clone` copies it.
    _sklearn_output_config: dict[str, str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "transform" in vars(cls):
            cls.transform = _in_container(vars(cls)["transform"])  # type: ignore[attr-defined]

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` returns: ``"default"``, ``"pandas"`` or ``"polars"``."""
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return the names of the columns that come out."""
        from sklearn.base import ClassNamePrefixFeaturesOutMixin as Names

        return np.asarray(Names.get_feature_names_out(self, input_features))


class ColumnwiseTransformer(NamedTransformer):
    """A transformer that keeps the columns, and their names."""

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return the names of the columns."""
        from sklearn.base import OneToOneFeatureMixin as Names

        return np.asarray(Names.get_feature_names_out(self, input_features))


def check_is_fitted(estimator: Any, attribute: str | None = None) -> None:
    """Raise scikit-learn's error if nothing, or not `attribute`, was learned."""
    if attribute is not None:
        fitted = hasattr(estimator, attribute)
    elif hasattr(estimator, "__sklearn_is_fitted__"):
        fitted = estimator.__sklearn_is_fitted__()
    else:
        fitted = any(name.endswith("_") and name[0] != "_" for name in vars(estimator))
    if not fitted:
        from sklearn import utils

        utils.validation.check_is_fitted(estimator, attribute)


def arrays_only() -> AbstractContextManager[None]:
    """Context manager: transformers return arrays inside, whatever scikit-learn is told."""
    if "sklearn" not in sys.modules:
        return nullcontext()
    from sklearn import config_context

    context: AbstractContextManager[None] = config_context(transform_output="default")
    return context


def _defaults(kind: type) -> dict[str, Any]:
    parameters = list(signature(kind).parameters.values())
    return {each.name: each.default for each in parameters}


def _in_container(transform: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    @wraps(transform)
    def wrapped(self: NamedTransformer, X: Any) -> Any:
        made = transform(self, X)
        if "sklearn" not in sys.modules:  # which nobody can have told then
            return made
        from sklearn import get_config

        own = getattr(self, "_sklearn_output_config", {})
        kind = own.get("transform", get_config()["transform_output"])
        if kind == "default":
            return made
        return _stand_in()(made, self).set_output(transform=kind).transform(X)

    return wrapped


@cache
def _stand_in() -> Any:
    """What scikit-learn makes a table of: its own transformer, with the rows of another one."""
    from sklearn.base import BaseEstimator, TransformerMixin

    class StandIn(TransformerMixin, BaseEstimator):  # type: ignore[misc]
        def __init__(self, made: Any, estimator: NamedTransformer) -> None:
            self.made = made
            self.estimator = estimator

        def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
            return self

        def transform(self, X: Any) -> Any:  # noqa: ARG002
            return self.made

        def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
            return self.estimator.get_feature_names_out(input_features)

    return StandIn
