"""What is measured, against which targets, and how: shared by all benchmarks.

A benchmark calls `measure` with the name of a stage below and the system that runs it, ours or a
peer; `render` then finds both in the results and sets them side by side.
"""

from __future__ import annotations

import os
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

OURS = "trfast"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A piece of work, and what its time is held against.

    Parameters
    ----------
    title : str
    work : str
        How much of it.
    audio : float
        Hours of audio that this is, if it says something.
    seconds : float, optional
        Target: at most.
    times : mapping of str to float
        Target: at least so many times as fast as a peer; ``"any"`` is the fastest of this run.
    megabytes : float, optional
        Target: at most so much memory, its output included.
    gflop : mapping of str to float
        Arithmetic that has to go through a matrix product, by the shape of it (`SHAPES`).
    share : float, optional
        Target: of the speed of these products.
    recorded : mapping of str to float
        Seconds of peers that need an environment of their own, measured on another machine.
    note : str
        Said where a target is missed: where the time goes, and what the bound is.
    """

    title: str
    work: str
    audio: float = 0.0
    seconds: float | None = None
    times: Mapping[str, float] = field(default_factory=dict)
    megabytes: float | None = None
    gflop: Mapping[str, float] = field(default_factory=dict)
    share: float | None = None
    recorded: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


# Rows, columns, and the length of the sums, of matrix products that the stages live on.
SHAPES = {
    "large": (2048, 2048, 2048),
    "frames x Gaussians": (60_000, 256, 120),
    "segments x packed": (64, 20_100, 256),
    "vectors x vectors": (5_000, 5_000, 200),
}


def gflop(shape: str) -> float:
    """Return the 1e9 operations of a product of that shape."""
    m, n, k = SHAPES[shape]
    return 2e-9 * m * n * k


STAGES = {
    "audio": Stage(title="Decoding", work="10 min of 16 kHz WAV to mono float32", audio=1 / 6),
    "mfcc": Stage(
        title="MFCC and deltas",
        work="10 min, 60 columns",
        audio=1 / 6,
        seconds=0.11,
        times={"any": 2},
        recorded={"SIDEKIT": 0.54, "Kaldi": 0.98},
    ),
    "filter banks": Stage(
        title="Kaldi's filter banks",
        work="10 min, 80 columns",
        audio=1 / 6,
        times={"kaldi-native-fbank": 5, "torchaudio": 5},
    ),
    "normalization": Stage(
        title="Normalization by segment", work="10 min, 60 columns", audio=1 / 6
    ),
    "statistics": Stage(
        title="Posteriors and Baum-Welch statistics",
        work="60k frames x 60, 256 Gaussians",
        seconds=0.1,
        times={"torch": 2},
        gflop={"frames x Gaussians": 2e-9 * 60_000 * 256 * (120 + 60)},
        share=0.6,
        recorded={"torch": 0.205, "SIDEKIT": 0.357, "Kaldi": 0.25},
    ),
    "segment statistics": Stage(
        title="Statistics by segment",
        work="5,000 segments, 1.4 M frames",
        times={"SIDEKIT": 4, "torch": 1},
        gflop={"frames x Gaussians": 2e-9 * 1_400_000 * 256 * (120 + 60)},
        recorded={"torch": 2.28, "SIDEKIT": 6.7, "Kaldi": 15.4},
    ),
    "ubm": Stage(
        title="UBM, one EM iteration",
        work="1 M frames x 60, 256 Gaussians",
        times={"SIDEKIT": 3},
        gflop={"frames x Gaussians": 2e-9 * 1_000_000 * 256 * (120 + 120)},
        recorded={"SIDEKIT": 6.96, "Kaldi": 16.3, "scikit-learn": 24.6},
    ),
    "total variability": Stage(
        title="Total variability, one EM iteration",
        work="5,000 sessions, rank 200",
        seconds=4.0,
        times={"Kaldi": 15, "SIDEKIT": 50},
        gflop={"segments x packed": 2e-9 * 5_000 * (2 * 256 * 20_100 + 2 * 15_360 * 200)},
        recorded={"Kaldi": 77.0, "SIDEKIT": 5 * 43.0},
    ),
    "i-vectors": Stage(
        title="i-vectors",
        work="5,000 segments, rank 200",
        seconds=1.7,
        times={"Kaldi": 50},
        gflop={"segments x packed": 2e-9 * 5_000 * (256 * 20_100 + 15_360 * 200)},
        recorded={"Kaldi": 86.0, "SIDEKIT": 185.0},
    ),
    "divergence": Stage(
        title="Gaussian divergence and its peaks",
        work="1 h, 360k frames x 14",
        audio=1.0,
        times={"S4D": 15},
        megabytes=150,
        recorded={"S4D": 0.89},
    ),
    "linear BIC": Stage(
        title="Linear BIC", work="550 segments, 1 h x 14", audio=1.0, recorded={"S4D": 0.043}
    ),
    "BIC-HAC": Stage(
        title="BIC clustering",
        work="550 segments, 1 h x 14",
        audio=1.0,
        times={"S4D": 20},
        recorded={"S4D": 4.3},
    ),
    "PLDA scores": Stage(
        title="PLDA scores",
        work="5k x 5k, rank 100",
        seconds=0.2,
        recorded={"SIDEKIT": 1.73, "Kaldi": 83.0},
    ),
    "PLDA scores of sets": Stage(title="PLDA scores of sets", work="5k x 5k, rank 100"),
    "PLDA training": Stage(
        title="PLDA training", work="5k x 200, 10 iterations", recorded={"Kaldi": 0.22}
    ),
    "Viterbi": Stage(
        title="Viterbi resegmentation",
        work="10 min, 18 clusters of 8 Gaussians",
        audio=1 / 6,
        times={"S4D": 10},
        recorded={"S4D": 0.96},
    ),
    "components": Stage(
        title="Cosine, threshold, connected components",
        work="20k vectors x 200",
        seconds=1.0,
        gflop={"vectors x vectors": 1e-9 * 20_000 * 20_000 * 200},
        share=0.75,
    ),
    "complete linkage": Stage(
        title="Complete linkage at a threshold",
        work="20k vectors x 200",
        seconds=1.5,
        megabytes=300,
        gflop={"vectors x vectors": 1e-9 * 20_000 * 20_000 * 200},
    ),
    "link": Stage(title="Linking", work="100k local speakers of 12.5k recordings"),
    "triplet network": Stage(
        title="Triplet network, hard",
        work="1,500 epochs, 1,600 vectors of 376 classes, nearly all pairs contribute",
        seconds=4,
        times={"torch": 20},
    ),
    "triplet network, easy": Stage(
        title="Triplet network, easy",
        work="the same, few pairs contribute in the end",
        seconds=4,
    ),
    "DER": Stage(
        title="Diarization error", work="VoxConverse test, 232 recordings, 43 h", seconds=0.1
    ),
    "DER without overlap": Stage(title="The same, collar 0.25 s, no overlap", work="the same"),
    "RTTM": Stage(title="Reading RTTM", work="19,475 lines"),
    "long RTTM": Stage(title="Reading RTTM in no order", work="400,000 lines"),
    "writing RTTM": Stage(title="Writing RTTM", work="400,000 turns"),
    "oracle": Stage(title="Oracle linking", work="20,000 turns, 200 speakers"),
    "alone": Stage(title="Stretches of one speaker", work="20,000 turns, 200 speakers"),
    "speech by speaker": Stage(title="Seconds of each speaker", work="20,000 turns, 200 speakers"),
}


def measure(
    benchmark: Any,
    stage: str,
    system: str,
    function: Callable[..., Any],
    *args: Any,
    share: float = 1.0,
) -> Any:
    """Time ``function(*args)`` on one thread, after a call that does not count.

    That call is where our memory is measured: the peak of what NumPy allocates. Rounds: one of
    what takes more than five seconds, otherwise a second's worth, from 3 to 20. A slow peer may do
    a share of the work; `render` computes the rest.
    """
    benchmark.extra_info.update(stage=stage, system=system, share=share)
    with threadpool_limits(1):
        if system == OURS:
            tracemalloc.start()
        start = time.perf_counter()
        function(*args)
        seconds = time.perf_counter() - start
        if system == OURS:
            benchmark.extra_info["megabytes"] = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
        rounds = 1 if seconds > 5 else max(3, min(20, round(1 / seconds)))
        return benchmark.pedantic(function, args, rounds=rounds)


MOCKS = """
import sys
from unittest.mock import MagicMock
for name in "torch torchaudio matplotlib matplotlib.pyplot sidekit.nnet s4d.nnet".split():
    sys.modules[name] = MagicMock()
"""


class Sidekit:
    """A process of SIDEKIT's own environment, which runs what it is told to.

    Its interpreter is named by TRFAST_SIDEKIT_PYTHON; without it the benchmark is skipped. To make
    one (they need a NumPy that still has ``numpy.int``, so Python 3.10)::

        python3.10 -m venv sidekit
        sidekit/bin/pip install numpy==1.23.5 scipy==1.10.1 pandas==1.5.3 scikit-learn==1.2.2 \\
            h5py==3.8.0 soundfile==0.12.1 sortedcontainers==2.4.0 bottleneck==1.3.7 six tqdm pyyaml
        sidekit/bin/pip install --no-deps SIDEKIT==1.4.3.2 s4d==0.2.6

    PyTorch and Matplotlib, which both import and nothing here uses, are mocks.

    Parameters
    ----------
    code : str
        Defines functions; sees `arguments` in ``sys.argv[1:]``.
    """

    def __init__(self, code: str, *arguments: object) -> None:
        serve = "import sys\nfor name in sys.stdin:\n globals()[name.strip()]()\n print(flush=True)"
        program = f"{MOCKS}\n{code}\n{serve}"
        self._process = subprocess.Popen(
            [self.interpreter(), "-W", "ignore", "-c", program, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ONE_THREAD,
        )

    @staticmethod
    def interpreter() -> str:
        """Return its path, or skip the benchmark."""
        python = os.environ.get("TRFAST_SIDEKIT_PYTHON")
        if not python:
            pytest.skip("TRFAST_SIDEKIT_PYTHON does not name an interpreter that has SIDEKIT, S4D")
        return python

    def __call__(self, function: str) -> None:
        """Run a function, and wait until it is done."""
        assert self._process.stdin
        assert self._process.stdout
        print(function, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "\n"

    def __enter__(self) -> Sidekit:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
