"""What is made of the samples of a recording while they stream by, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import tee, zip_longest
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.diarization.stage_times import StageTimes
from trfast.features import Fbank, Mfcc, MfccConfig
from trfast.features.frames import FrameStore
from trfast.speech import OnnxDetector

FloatArray = npt.NDArray[Any]
Blocks = Iterator[FloatArray]


class TimedBlocks:
    """Blocks, whose items are counted; the time they take goes from "features" to a stage, which is
    done with as many as are expected."""

    def __init__(
        self, clock: StageTimes, stage: str, blocks: Blocks, *, expected: float = nan
    ) -> None:
        self.count = 0
        self._expected = expected
        self._clock = clock
        self._stage = stage
        self._blocks = blocks

    def __iter__(self) -> Blocks:
        return self

    def __next__(self) -> FloatArray:
        start = time.thread_time()
        try:
            block = next(self._blocks)
        finally:
            spent = time.thread_time() - start
            self._clock.add(self._stage, spent)
            self._clock.add("features", -spent)
        self.count += len(block)
        if self._expected > 0:
            self._clock.passed(self._stage, self.count / self._expected)
        return block


def make_all(
    samples: Blocks,
    mfcc: MfccConfig,
    static: FrameStore,
    banks: FrameStore | None,
    detector: OnnxDetector | None,
    clock: StageTimes,
) -> FloatArray:
    """Put frames, and filter banks, into their stores, and return the probabilities of speech that
    a detector gives, none without one."""
    heard: list[FloatArray] = [np.empty(0, np.float32)]
    made: list[tuple[Callable[[Blocks], Blocks], Callable[[FloatArray], None]]]
    made = [(Mfcc(mfcc).stream, lambda block: static.extend([block]))]
    if banks is not None:
        made.append((Fbank().stream, lambda block: banks.extend([block])))
    if detector is not None:
        listen = detector.stream
        made.append((lambda blocks: TimedBlocks(clock, "speech", listen(blocks)), heard.append))
    # Of each block in turn, so that none waits for the others.
    copies = tee(samples, len(made))
    streams = [make(blocks) for (make, _), blocks in zip(made, copies, strict=True)]
    for parts in zip_longest(*streams):
        for (_, keep), part in zip(made, parts, strict=True):
            if part is not None:
                keep(part)
    return np.concatenate(heard)
