"""One triplet network, and how its weights are learned."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trfast._ext import _triplet
from trfast._threads import blas_limit
from trfast.scoring.trials import equal_error_rate

Array = npt.NDArray[Any]
Callback = Callable[["TripletNetwork"], bool | None]

# Adadelta with the constants of Zeiler 2012, which were Keras' first ones.
_RHO, _EPSILON = 0.95, 1e-6
# Candidates are screened after an epoch in which less than this share of the pairs contributed.
_SCREENED = 0.9


class Epoch(NamedTuple):
    """What happened in one epoch.

    Parameters
    ----------
    loss : float
        Sum over the triplets of ``D + margin``, before the step.
    n_classes, n_triplets : int
        Classes and triplets that contributed.
    seconds : float
        Wall time, validation included.
    error : float
        Equal error rate (0 to 1) on the validation vectors, NaN where it was not measured.
    """

    loss: float
    n_classes: int
    n_triplets: int
    seconds: float
    error: float


@dataclass(eq=False, kw_only=True)
class TripletNetwork:
    """One network and the state of its training.

    Attributes
    ----------
    weights : ndarray (n_features + 1, n_components)
        The bias is the last row.
    input_scale : float
        What vectors are multiplied by.
    rng : numpy.random.Generator
        Source of the draws.
    history : list of Epoch
    best_epoch : int
        Epochs behind `weights`: with validation vectors those of the lowest error, otherwise all.
    """

    weights: Array
    input_scale: float
    rng: np.random.Generator
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    square_gradient: Array = field(init=False, repr=False)
    square_step: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.square_gradient = np.zeros_like(self.weights)
        self.square_step = np.zeros_like(self.weights)

    def transform(self, x: Array) -> Array:
        """Return the outputs at unit length, (n, n_components), of the type of `x`."""
        unit = np.empty((len(x), self.weights.shape[1]), dtype=x.dtype)
        with blas_limit():
            _triplet.forward(
                _inputs(x, self.input_scale),
                self.weights.astype(x.dtype),
                unit,
                np.empty(len(x), dtype=x.dtype),
            )
        return unit


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters that training looks at, fitted to the vectors."""

    margin: float
    n_neighbors: int
    refresh: int
    triplets_per_class: int
    soft: bool
    n_epochs: int
    learning_rate: float
    patience: int | None


class Members(NamedTuple):
    """The rows that pairs are drawn from: class after class, in each group after group.

    Parameters
    ----------
    rows : ndarray of intc (n_members,)
    offsets : ndarray of intc (n_classes + 1,)
        Where each class starts among the members.
    groups : ndarray of intc (n_members, 2)
        The first member of each one's group in its class, and the one after the last.
    """

    rows: Array
    offsets: Array
    groups: Array

    @classmethod
    def of(cls, classes: Array, groups: Array, least: int) -> Members:
        """Those of classes of at least `least` vectors in at least two groups."""
        order = np.lexsort((groups, classes))
        starts = np.diff(classes[order], prepend=-1) != 0
        first = starts | (np.diff(groups[order], prepend=-1) != 0)
        n_groups = np.bincount(classes[order[first]])
        drawn = (np.bincount(classes) >= least) & (n_groups >= 2)
        kept = drawn[classes[order]]
        edges = np.append(np.flatnonzero(first[kept]), kept.sum())
        runs = np.repeat(np.c_[edges[:-1], edges[1:]], np.diff(edges), axis=0)
        offsets = np.append(np.flatnonzero(starts[kept]), kept.sum())
        return cls(*(array.astype(np.intc) for array in (order[kept], offsets, runs)))


def train(
    network: TripletNetwork,
    settings: Settings,
    x: Array,
    classes: Array,
    members: Members,
    validation: tuple[Array, Array] | None,
    callback: Callback | None,
) -> TripletNetwork:
    """Run the epochs on a network, and return it."""
    descent = _Descent(network, settings, x, classes, members)
    best = _Best()
    first = len(network.history)
    with blas_limit():
        for epoch in range(first, first + settings.n_epochs):
            start = time.perf_counter()
            losses, found = descent.step(look_up=epoch == first or epoch % settings.refresh == 0)
            error = np.nan
            if validation is not None and (epoch + 1) % settings.refresh == 0:
                error = _equal_error_rate(network.transform(validation[0]), validation[1])
                best.see(error, network, epoch + 1)
            network.history.append(
                Epoch(
                    loss=float(losses.sum(dtype=np.float64)),
                    n_classes=int(np.count_nonzero(found[1:] != found[:-1])) + (len(found) > 0),
                    n_triplets=len(found),
                    seconds=time.perf_counter() - start,
                    error=error,
                )
            )
            if (callback and callback(network)) or best.waited == settings.patience:
                break
    if best.weights is None:
        network.best_epoch = len(network.history)
    else:
        network.weights = best.weights
    return network


class _Descent:
    """Steps of a network down its loss over some vectors.

    The kernels fill the same arrays epoch after epoch.
    """

    def __init__(
        self,
        network: TripletNetwork,
        settings: Settings,
        x: Array,
        classes: Array,
        members: Members,
    ) -> None:
        n, dtype = len(x), x.dtype
        network.weights = network.weights.astype(dtype)
        network.square_gradient = network.square_gradient.astype(dtype)
        network.square_step = network.square_step.astype(dtype)
        self.network, self.settings = network, settings
        self.x, self.classes, self.members = _inputs(x, network.input_scale), classes, members
        self.constant = ~network.weights[:-1].any(axis=0) & (network.weights[-1] != 0)
        self.unit, self.norm = np.empty((n, network.weights.shape[1]), dtype), np.empty(n, dtype)
        self.neighbours = np.empty((n, settings.n_neighbors), np.intc)
        self.prime = _prime_from(settings.n_neighbors)
        n_pairs = (len(members.offsets) - 1) * settings.triplets_per_class
        self.triplets, self.losses = np.empty((n_pairs, 3), np.intc), np.empty(n_pairs, dtype)
        self.gradient = np.empty_like(network.weights)
        self.count = n_pairs

    def step(self, *, look_up: bool) -> tuple[Array, Array]:
        """Learn from one epoch; return its triplets' losses, before the step, and classes.

        With `look_up`, neighbours are looked up anew.
        """
        _triplet.forward(self.x, self.network.weights, self.unit, self.norm)
        if look_up:
            _triplet.nearest_others(self.unit, self.classes, self.neighbours)
        self._draw()
        # Without any triplet the gradient is zero and Adadelta would forget its scale.
        if self.count:
            self._descend()
        return self.losses[: self.count], self.classes[self.triplets[: self.count, 0]]

    def _draw(self) -> None:
        n_pairs = len(self.triplets)
        self.count = _triplet.mine(
            self.unit,
            *self.members,
            self.neighbours,
            self.network.rng.random((n_pairs, 4)),
            self.settings.triplets_per_class,
            self.prime,
            self.settings.margin,
            self.settings.soft,
            self.count < _SCREENED * n_pairs,
            self.triplets,
            self.losses,
        )

    def _descend(self) -> None:
        network, triplets = self.network, self.triplets[: self.count]
        _triplet.loss_gradient(self.x, self.unit, self.norm, triplets, self.gradient)
        self.gradient[:, self.constant] = 0
        _triplet.adadelta(
            network.weights,
            self.gradient,
            network.square_gradient,
            network.square_step,
            self.settings.learning_rate,
            _RHO,
            _EPSILON,
        )


class _Best:
    """The weights of the lowest validation error, and how often it was not lowered since."""

    def __init__(self) -> None:
        self.error, self.waited = np.inf, 0
        self.weights: Array | None = None

    def see(self, error: float, network: TripletNetwork, epoch: int) -> None:
        self.waited += 1
        if error < self.error:
            self.error, self.waited = error, 0
            self.weights, network.best_epoch = network.weights.copy(), epoch


def _inputs(x: Array, scale: float) -> Array:
    """Scaled vectors and a column of ones, which the bias multiplies: (n, d + 1)."""
    inputs = np.ones((len(x), x.shape[1] + 1), dtype=x.dtype)
    np.multiply(x, x.dtype.type(scale), out=inputs[:, :-1])
    return inputs


def _prime_from(number: int) -> int:
    """Return the first prime of at least `number`."""
    prime = max(2, number)
    while any(prime % divisor == 0 for divisor in range(2, int(prime**0.5) + 1)):
        prime += 1
    return prime


def _equal_error_rate(unit: Array, labels: Array) -> float:
    """Where misses and false alarms among all pairs are equally frequent."""
    first, second = np.triu_indices(len(unit), 1)
    return equal_error_rate((unit @ unit.T)[first, second], labels[first] == labels[second])
