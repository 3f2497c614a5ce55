"""Training of the triplet ranking network, by the book; `x` ends in a column of ones."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def forward(x: Array, weights: Array) -> Array:
    """Outputs (n, h) at unit length; an output of zero stays."""
    output = np.tanh(x @ weights)
    length = np.linalg.norm(output, axis=1, keepdims=True)
    return np.asarray(output / np.where(length > 0, length, 1))


def loss(x: Array, weights: Array, triplets: Array, margin: float) -> float:
    """Equation 1 of Le Lan et al. 2017."""
    a, p, n = forward(x, weights)[triplets.T]
    return float(np.maximum(0, -(a * p).sum(axis=1) + (a * n).sum(axis=1) + margin).sum())


def loss_gradient(x: Array, weights: Array, triplets: Array) -> Array:
    """Its derivative (d, h), of triplets that all contribute: a row of `x` after the other."""
    gradient = np.zeros_like(weights)
    output = np.tanh(x @ weights)
    unit = forward(x, weights)
    for a, p, n in triplets:
        slopes = [(a, unit[n] - unit[p]), (p, -unit[a]), (n, unit[a])]
        for row, slope in slopes:
            u, length = unit[row], np.linalg.norm(output[row])
            if length > 0:
                back = (slope - (slope @ u) * u) / length * (1 - output[row] ** 2)
                gradient += np.outer(x[row], back)
    return gradient


def nearest_others(unit: Array, classes: Array, k: int) -> Array:
    """The k most similar rows of other classes (n, k), rising."""
    similarity = np.where(classes[:, None] == classes, -2, unit @ unit.T)
    return np.sort(np.argsort(-similarity, axis=1, kind="stable")[:, :k], axis=1)


def mine(
    unit: Array,
    classes: list[Array],
    groups: Array,
    neighbours: Array,
    uniforms: Array,
    per_class: int,
    prime: int,
    margin: float,
    *,
    soft: bool,
) -> Array:
    """Triplets (t, 3); `classes` holds the rows of each class, group after group."""
    triplets = []
    for t, (u_anchor, u_positive, u_start, u_step) in enumerate(uniforms):
        rows = classes[t // per_class]
        anchor = rows[int(u_anchor * len(rows))]
        others = rows[groups[rows] != groups[anchor]]
        positive = others[int(u_positive * len(others))]
        order = int(u_start * prime) + (1 + int(u_step * (prime - 1))) * np.arange(prime)
        for place in order % prime:
            if place < neighbours.shape[1]:
                negative = neighbours[anchor, place]
                excess = unit[anchor] @ (unit[negative] - unit[positive]) + margin
                if 0 < excess < (margin if soft else np.inf):
                    triplets.append((anchor, positive, negative))
                    break
    return np.array(triplets, dtype=int).reshape(-1, 3)


def adadelta(
    weights: Array,
    gradient: Array,
    state: tuple[Array, Array],
    rate: float,
    rho: float,
    epsilon: float,
) -> tuple[Array, tuple[Array, Array]]:
    """Algorithm 1 of Zeiler 2012: new weights; new means of squared gradients and steps."""
    square_gradient = rho * state[0] + (1 - rho) * gradient**2
    step = -np.sqrt(state[1] + epsilon) / np.sqrt(square_gradient + epsilon) * gradient
    return weights + rate * step, (square_gradient, rho * state[1] + (1 - rho) * step**2)
