"""The triplet ranking (TR) network: i-vectors -> vectors whose cosine tells speakers apart."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import numpy.typing as npt

from trfast._checks import (
    check_choice,
    check_classes,
    check_groups,
    check_integer,
    check_matrix,
    check_number,
    check_positive,
    check_random_state,
)
from trfast._estimators import NamedTransformer, check_is_fitted
from trfast._names import SELECTIONS, Selection
from trfast.errors import ModelError, ParameterError
from trfast.scoring.normalization import validated
from trfast.scoring.triplet_training import (
    Array,
    Callback,
    Epoch,
    Members,
    Settings,
    TripletNetwork,
    train,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags

__all__ = ["Epoch", "TripletNetwork", "TripletRanking"]


class TripletRanking(NamedTransformer):
    """Project vectors so that their cosine tells classes apart: the TR network.

    One dense layer and tanh, ``f(x) = tanh(x W + b)``; the similarity of two vectors is the
    cosine of their outputs. The loss over triplets (anchor, positive of the same class, negative
    of another) is the sum of ``max(0, D + margin)`` with
    ``D = -cos(f(a), f(p)) + cos(f(a), f(n))``, equations 1 and 2 of [1]_. Each epoch draws pairs
    (a, p) within classes and, among the anchor's nearest neighbours of other classes, the first
    in a random order whose triplet is within the selection; a pair without one does not
    contribute. All triplets of an epoch make one step of Adadelta [2]_ (rho 0.95, epsilon 1e-6,
    learning rate 1). The defaults are those of the paper; it leaves the start open, taken
    here from Keras: uniform after Glorot, without bias.

    Parameters
    ----------
    n_components : int or None
        Outputs; None takes as many as inputs (or columns of `initialization`).
    margin : float
        In 0 to 2.
    n_neighbors : int
        Nearest neighbours of an anchor that can be its negatives (at most as many as there are
        vectors outside the largest class).
    refresh : int
        Epochs after which neighbours are looked up anew, and validation vectors scored.
    triplets_per_class : int
        Pairs drawn from each class in an epoch.
    min_class_size : int
        Vectors, of whatever `groups`, that a class needs for pairs to be drawn from it; smaller
        ones only give negatives.
    selection : {"soft", "hard"}
        ``0 < D + margin < margin``, or ``0 < D + margin``.
    n_epochs : int
        Epochs of `fit`, and of each `partial_fit`.
    initialization : "random" or ndarray (n_features, n_components)
        First weights; a matrix could be the projection of LDA. One more row is the first bias;
        columns of no weights but a bias are constant outputs, which no training moves.
    learning_rate : float
        Factor of Adadelta's steps. From a good start, small ones are enough.
    input_scale : float
        What vectors are multiplied by. Large inputs saturate the tanh, and then learn slowly.
    patience : int or None
        With validation vectors, stop after so many scorings in a row without a lower error;
        None never stops early.
    n_init : int
        Networks trained from different seeds; the best one transforms: that of the lowest
        validation error, or else of the lowest loss over the last `refresh` epochs.
    random_state : int
        Seed.

    Attributes
    ----------
    weights_ : ndarray (n_features, n_components)
        Of the best network, in the type of the vectors (float32 is twice as fast).
    bias_ : ndarray (n_components,)
    history_ : list of Epoch
    networks_ : list of TripletNetwork
        All `n_init` of them, the best one first.

    Notes
    -----
    A vector of zeros starts with a zero output, unlike any other, and learns from nothing as long
    as the bias is zero. Of equal vectors in two classes, no training lowers ``D`` below 0.
    Constant columns act as more bias.

    References
    ----------
    .. [1] G. Le Lan, D. Charlet, A. Larcher, S. Meignier, "A Triplet Ranking-based Neural
       Network for Speaker Diarization and Linking", Interspeech 2017.
    .. [2] M. D. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(20), 4)
    >>> x = rng.normal(size=(20, 10))[speakers] + 0.5 * rng.normal(size=(80, 10))
    >>> network = TripletRanking(n_epochs=200).fit(x, speakers)
    >>> network.transform(x).shape
    (80, 10)
    >>> bool(network.history_[-1].loss < network.history_[0].loss)
    True
    """

    def __init__(
        self,
        *,
        n_components: int | None = None,
        margin: float = 0.6,
        n_neighbors: int = 100,
        refresh: int = 50,
        triplets_per_class: int = 3,
        min_class_size: int = 3,
        selection: Selection = "soft",
        n_epochs: int = 1500,
        initialization: Literal["random"] | npt.ArrayLike = "random",
        learning_rate: float = 1.0,
        input_scale: float = 1.0,
        patience: int | None = 5,
        n_init: int = 1,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.margin = margin
        self.n_neighbors = n_neighbors
        self.refresh = refresh
        self.triplets_per_class = triplets_per_class
        self.min_class_size = min_class_size
        self.selection = selection
        self.n_epochs = n_epochs
        self.initialization = initialization
        self.learning_rate = learning_rate
        self.input_scale = input_scale
        self.patience = patience
        self.n_init = n_init
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        groups: npt.ArrayLike | None = None,
        validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        callback: Callback | None = None,
        executor: Executor | None = None,
    ) -> Self:
        """Train from the start.

        Parameters
        ----------
        X : array_like (n_samples, n_features)
        y : array_like (n_samples,)
            Class of each vector.
        groups : array_like (n_samples,), optional
            What vectors of a class can have in common besides it, such as their recording: the
            positives of an anchor are then of other groups than its own, and classes of one
            group only give negatives.
        validation : tuple of array_like (m, n_features) and (m,), optional
            Vectors and classes to score every `refresh` epochs: the weights of the lowest equal
            error rate of all pairs are kept (see `patience`).
        callback : callable, optional
            Called after each epoch with the `TripletNetwork`; True ends its training.
        executor : concurrent.futures.Executor, optional
            Trains the `n_init` networks side by side (and calls `callback` there).

        Raises
        ------
        ModelError
            If there are fewer than 2 classes, none of at least `min_class_size` vectors (in 2
            `groups`), or all vectors are equal.
        """
        return self._fit(X, y, groups, validation, callback, executor, reset=True)

    def partial_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        groups: npt.ArrayLike | None = None,
        validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        callback: Callback | None = None,
        executor: Executor | None = None,
    ) -> Self:
        """Train for `n_epochs` more, on the same or other vectors; arguments as in `fit`."""
        reset = not hasattr(self, "networks_")
        return self._fit(X, y, groups, validation, callback, executor, reset=reset)

    def transform(self, X: npt.ArrayLike) -> Array:
        """Return the outputs at unit length, (n_samples, n_components), of the type of `X`.

        Their inner products are the similarities.
        """
        check_is_fitted(self)
        x = np.ascontiguousarray(validated(self, X))
        return self.networks_[0].transform(x)

    def _fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None,
        validation: tuple[npt.ArrayLike, npt.ArrayLike] | None,
        callback: Callback | None,
        executor: Executor | None,
        *,
        reset: bool,
    ) -> Self:
        self._check_parameters()
        x, labels = validated(self, X, y=y, order="C", ensure_min_samples=2, reset=reset)
        classes = np.unique(labels, return_inverse=True)[1].astype(np.intc)
        sizes = np.bincount(classes)
        members = Members.of(classes, _checked_groups(groups, len(x)), self.min_class_size)
        if len(sizes) < 2 or not len(members.rows):
            raise ModelError(
                f"{len(x)} vectors of {len(sizes)} class{'es' * (len(sizes) != 1)}, the largest of"
                f" {sizes.max()}, cannot train a triplet network: give at least 2 classes, one of"
                f" them of at least {self.min_class_size} vectors (min_class_size)"
                + ("" if groups is None else " in at least 2 groups")
            )
        if (x == x[0]).all():
            raise ModelError(f"all {len(x)} vectors are equal: there is nothing to tell apart")
        if validation is not None:
            if self.n_epochs < self.refresh:
                raise ParameterError(
                    f"validation vectors are scored every {self.refresh} epochs (refresh), but"
                    f" n_epochs is {self.n_epochs}: give more epochs, or refresh more often"
                )
            validation = self._checked_validation(*validation, dtype=x.dtype)
        networks = self._new_networks(x) if reset else self.networks_
        settings = Settings(
            margin=self.margin,
            n_neighbors=min(self.n_neighbors, len(x) - int(sizes.max())),
            refresh=self.refresh,
            triplets_per_class=self.triplets_per_class,
            soft=self.selection == "soft",
            n_epochs=self.n_epochs,
            learning_rate=self.learning_rate,
            patience=self.patience,
        )
        n = len(networks)
        data = [[item] * n for item in (settings, x, classes, members, validation, callback)]
        networks = list((executor.map if executor else map)(train, networks, *data))

        def rank(network: TripletNetwork) -> float:
            if validation is not None:
                return network.history[network.best_epoch - 1].error
            return sum(epoch.loss for epoch in network.history[-self.refresh :])

        self.networks_: list[TripletNetwork] = sorted(networks, key=rank)
        self.weights_, self.bias_ = np.split(self.networks_[0].weights, [-1])
        self.bias_ = self.bias_[0]
        self.history_ = self.networks_[0].history
        return self

    def _check_parameters(self) -> None:
        for name, least in (
            ("n_neighbors", 1),
            ("refresh", 1),
            ("triplets_per_class", 1),
            ("min_class_size", 2),
            ("n_epochs", 1),
            ("patience", 1),
            ("n_init", 1),
            ("n_components", 1),
        ):
            value = getattr(self, name)
            if value is not None or name not in ("patience", "n_components"):
                check_integer(value, name, least=least)
        if not 0 < check_number(self.margin, "margin") <= 2:
            raise ParameterError(f"margin must lie above 0 and up to 2, got {self.margin}")
        check_choice(self.selection, "selection", SELECTIONS)
        check_random_state(self.random_state)
        check_positive(self.input_scale, "input_scale")
        check_positive(self.learning_rate, "learning_rate")

    def _checked_validation(
        self, X: npt.ArrayLike, y: npt.ArrayLike, *, dtype: npt.DTypeLike
    ) -> tuple[Array, Array]:
        x = check_matrix(X, "validation", n_columns=self.n_features_in_, dtype=dtype)
        labels = check_classes(np.asarray(y), "labels of validation")
        classes, sizes = np.unique(labels, return_counts=True)
        if sizes.sum() != len(x) or len(classes) < 2 or sizes.max() < 2:
            raise ParameterError(
                f"validation has {len(x)} vectors and {sizes.sum()} labels of {len(classes)}"
                " classes: it takes a label a vector, 2 classes and 2 vectors of one of them"
            )
        return x, labels

    def _new_networks(self, x: Array) -> list[TripletNetwork]:
        d, h = x.shape[1], self.n_components
        start = None
        if not isinstance(self.initialization, str):
            start = check_matrix(self.initialization, "initialization", dtype=x.dtype)
            h = start.shape[1] if h is None else h
            if start.shape not in ((d, h), (d + 1, h)):
                raise ParameterError(
                    f"initialization has shape {start.shape}, expected {(d, h)}: features of the"
                    f" vectors x n_components; or {(d + 1, h)}, the last row being the bias"
                )
        elif self.initialization != "random":
            raise ParameterError(
                f"initialization must be 'random' or a matrix, got {self.initialization!r}"
            )
        h = d if h is None else h
        networks = []
        for seed in np.random.SeedSequence(self.random_state).spawn(self.n_init):
            rng = np.random.default_rng(seed)
            limit = np.sqrt(6 / (d + h))  # Glorot & Bengio 2010, equation 16
            first = rng.uniform(-limit, limit, (d, h)) if start is None else start
            weights = np.zeros((d + 1, h), dtype=x.dtype)
            weights[: len(first)] = first
            networks.append(TripletNetwork(weights=weights, input_scale=self.input_scale, rng=rng))
        return networks

    @property
    def _n_features_out(self) -> int:
        return len(self.bias_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _checked_groups(groups: npt.ArrayLike | None, n: int) -> Array:
    """Groups by number; without any, each vector is its own."""
    if groups is None:
        return np.arange(n)
    return np.unique(check_groups(groups, "groups", n, "a vector"), return_inverse=True)[1]
