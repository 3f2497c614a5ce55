from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]

def forward(x: Array, weights: Array, unit: Array, norm: Array) -> None: ...
def nearest_others(unit: Array, classes: Array, neighbours: Array) -> None: ...
def mine(
    unit: Array,
    members: Array,
    offsets: Array,
    groups: Array,
    neighbours: Array,
    uniforms: Array,
    per_class: int,
    prime: int,
    margin: float,
    soft: bool,
    screened: bool,
    triplets: Array,
    losses: Array,
) -> int: ...
def loss_gradient(x: Array, unit: Array, norm: Array, triplets: Array, gradient: Array) -> None: ...
def adadelta(
    weights: Array,
    gradient: Array,
    square_gradient: Array,
    square_step: Array,
    rate: float,
    rho: float,
    epsilon: float,
) -> None: ...
