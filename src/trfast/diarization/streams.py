"""What is made of the samples of a recording while they stream by, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import tee, zip_longest
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._names import DetectorName
from trfast.annotation import Timeline, check_timeline
from trfast.audio import SAMPLE_RATE, SoundCheck
from trfast.diarization.job import Job
from trfast.diarization.stage_times import StageTimes
from trfast.features import Fbank, Mfcc, MfccConfig
from trfast.features.frames import FrameStore
from trfast.speech import Detector, OnnxDetector

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


def hear(
    job: Job,
    detector: DetectorName | Detector,
    mfcc: MfccConfig,
    static: FrameStore,
    banks: FrameStore | None,
    *,
    expected: float,
    clock: StageTimes,
) -> tuple[float, Timeline | None, SoundCheck]:
    """Put the frames of a recording, and filter banks, into their stores.

    Returns
    -------
    duration : float
        Seconds of audio; so many are expected.
    speech : Timeline or None
        By the marks of the job, or by a detector that hears samples, if it is one.
    check : SoundCheck
        Has heard it too.
    """
    check = SoundCheck()
    speech, streamed = job.speech, None
    blocks = job.stream(check=check)
    samples = TimedBlocks(clock, "audio", blocks, expected=expected * SAMPLE_RATE)
    if speech is None and isinstance(detector, OnnxDetector):
        streamed = detector
    elif speech is None and not isinstance(detector, str):
        with clock("speech"):
            heard = detector.detect(job.stream())
            speech = check_timeline(heard, "speech, as the detector finds it,")
    with clock("features"):
        probabilities = make_all(samples, mfcc, static, banks, streamed, clock)
    duration = samples.count / SAMPLE_RATE
    if streamed is not None:
        with clock("speech"):
            speech = streamed.timeline(probabilities, duration)
    return duration, speech, check


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
