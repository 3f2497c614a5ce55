"""Instruction sets: the variable, the switch, and that it reaches every kernel with paths.

Each path is held against the twin where the kernel's tests are, by the fixture
`instruction_set`. Deltas, divergence, Viterbi, union-find and complete linkage are plain C: they
have one path.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast import _ext
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.embedding.ivector import TotalVariability
from trfast.errors import ParameterError
from trfast.evidence import _merges
from trfast.features import Fbank, Mfcc, sliding_normalization
from trfast.scoring import edges_above
from trfast.scoring.triplet import TripletRanking
from trfast.segmentation.bic import _bic_merges

Array = npt.NDArray[Any]


def python(code: str, simd: str | None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "TRFAST_SIMD"}
    if simd is not None:
        environment["TRFAST_SIMD"] = simd
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


FORMER = "from trfast import _ext; print(_ext.use_instruction_set('portable'))"


@pytest.mark.parametrize("name", _ext.instruction_sets())
def test_variable_chooses(name: str) -> None:
    assert python(FORMER, name).stdout.strip() == name


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_the_variable_the_best_is_used(nothing: str | None) -> None:
    assert python(FORMER, nothing).stdout.strip() == _ext.instruction_sets()[-1]


def test_variable_holds_for_kernels_loaded_later() -> None:
    done = python("from trfast._ext import _cosine; print(_cosine.HAS_INT8)", "portable")
    assert done.stdout.strip() == "False"


def test_wrong_variable_is_told_by_the_command() -> None:
    done = python("from trfast.cli import main; main(['diarize', 'x.wav', '-o', 'x'])", "sse9")
    assert done.returncode == 1
    assert done.stderr.startswith("trfast: error: TRFAST_SIMD must be one of portable")
    assert "got 'sse9'" in done.stderr


def test_a_set_that_the_machine_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ext._instruction_set, "BEST", 1)
    assert _ext.instruction_sets() == ("portable", "avx2")
    with pytest.raises(ParameterError, match="one of portable, avx2 on this machine, got 'avx512'"):
        _ext.use_instruction_set("avx512")


def test_switch_returns_the_former(instruction_set: str) -> None:
    assert _ext.use_instruction_set("portable") == instruction_set
    assert _ext.use_instruction_set(instruction_set) == "portable"


def mixture(x: Array) -> DiagonalGmm:
    return DiagonalGmm.of(np.full(3, 1 / 3), x[:3].astype(np.float64), np.ones((3, x.shape[1])))


def ivectors(x: Array) -> Array:
    ubm = mixture(x)
    statistics = BaumWelchStatistics(np.abs(x[:, :3]), np.stack([x, -x, 2 * x], axis=1))
    model = TotalVariability(ubm=ubm, rank=7, n_iterations=1, random_state=0).fit(statistics)
    return model.transform(statistics)


CALLS: dict[str, Callable[[Array], Array]] = {
    "mfcc": lambda x: Mfcc().extract(x.ravel()),
    "fbank": lambda x: Fbank().extract(x.ravel()),
    "normalization": lambda x: sliding_normalization(x.astype(np.float64), window=30),
    "gmm": lambda x: mixture(x).predict_proba(10 * x),
    "ivector": ivectors,
    "triplet": lambda x: TripletRanking(n_epochs=3, random_state=0).fit_transform(
        x, np.arange(len(x)) % 9
    ),
    "cosine": lambda x: edges_above(x.astype(np.float64), 0.0)[1],
    "bic": lambda x: _bic_merges(
        np.ascontiguousarray(x[:, :1]),  # of more columns, a logarithm rounds more off
        np.stack([np.arange(0, 450, 10), np.arange(10, 460, 10)], axis=1),
        10.0,
    )[1],
    "evidence": lambda x: _merges(x, np.ones(len(x), np.float32), np.ones(20), -np.inf, 1)[1],
}


@pytest.mark.skipif(len(_ext.instruction_sets()) == 1, reason="this machine has one set only")
@pytest.mark.parametrize("kernel", CALLS)
def test_switch_reaches_the_kernel(kernel: str) -> None:
    """AVX2 has fused multiply-add, and so other last bits."""
    x = np.random.default_rng(0).normal(size=(500, 20)).astype(np.float32) / 10
    results = []
    for name in ("portable", "avx2", "portable"):
        former = _ext.use_instruction_set(name)
        results.append(CALLS[kernel](x))
        _ext.use_instruction_set(former)
    portable, avx2, again = results
    assert not np.array_equal(portable, avx2)
    np.testing.assert_array_equal(portable, again)
