"""What is measured, against which targets, and how: shared by all benchmarks.

A benchmark calls `measure` with the name of a stage below and the system that runs it, ours or a
peer; `render` then finds both in the results and sets them side by side.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from threadpoolctl import threadpool_limits

OURS = "trfast"


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
        times={"any": 3},
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
        title="Gaussian divergence",
        work="1 h, 360k frames x 14",
        audio=1.0,
        times={"S4D": 15},
        megabytes=150,
        recorded={"S4D": 0.89},
    ),
    "change points": Stage(title="Change points", work="1 h, 360k frames x 14", audio=1.0),
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
    "constrained": Stage(
        title="Components that keep recordings apart", work="edges of 20k vectors"
    ),
    "DER": Stage(title="Diarization error", work="VoxConverse test, 232 recordings, 43 h"),
    "DER without overlap": Stage(title="The same, collar 0.25 s, no overlap", work="the same"),
    "RTTM": Stage(title="Reading RTTM", work="19,475 lines"),
}


def measure(
    benchmark: Any, stage: str, system: str, function: Callable[..., Any], *args: Any
) -> Any:
    """Time ``function(*args)`` on one thread, after a call that does not count.

    That call is where our memory is measured: the peak of what NumPy allocates. Rounds: one of
    what takes more than five seconds, otherwise a second's worth, from 3 to 20.
    """
    benchmark.extra_info.update(stage=stage, system=system)
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
