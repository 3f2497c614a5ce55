"""One Diarizer in a service: threads and asyncio find what one call alone finds, bit for bit."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

from trfast import Comparison, Diarization, Diarizer, Waveform, link, load_model
from trfast.audio import load
from trfast.scoring import Backend

SHOWS = sorted((Path(__file__).parents[1] / "examples" / "audio").glob("*.opus"))
_N_THREADS = 4


def said(result: Diarization) -> tuple[Any, ...]:
    """All that must be equal; times by stage are those of the call."""
    return (
        tuple(result.annotation),
        result.vectors.tobytes(),
        result.speech_durations.tobytes(),
        result.model_hash,
    )


def diarizer(*, by_segments: bool) -> Diarizer:
    """A model that nobody has used yet."""
    model = load_model()
    return Diarizer(model, comparison=model.within() if by_segments else None)


@pytest.fixture(scope="module")
def clips() -> list[Waveform]:
    return [Waveform(load(show)[: 20 * 16_000], 16_000) for show in SHOWS]


@pytest.mark.parametrize("by_segments", [False, True])
def test_threads_that_start_at_once(clips: list[Waveform], by_segments: bool) -> None:
    alone = [said(diarizer(by_segments=by_segments)(clip)) for clip in clips]
    shared, barrier = diarizer(by_segments=by_segments), threading.Barrier(_N_THREADS)

    def work(_: int) -> list[tuple[Any, ...]]:
        barrier.wait()
        return [said(shared(clip)) for clip in clips]

    with ThreadPoolExecutor(_N_THREADS) as pool:
        for found in pool.map(work, range(_N_THREADS)):
            assert found == alone


def test_asyncio(clips: list[Waveform]) -> None:
    shared = diarizer(by_segments=False)
    alone = [said(shared(clip)) for clip in clips]

    async def gather() -> list[Diarization]:
        return await asyncio.gather(*(asyncio.to_thread(shared, clip) for clip in clips))

    assert [said(result) for result in asyncio.run(gather())] == alone


def test_links_in_threads() -> None:
    rows = np.random.default_rng(0).normal(size=(600, 20)).astype(np.float32)
    recordings = [f"r{k % 60}" for k in range(600)]
    comparison = Comparison(threshold=0.4, clustering="average")
    alone = link(rows, recordings, comparison)
    with ThreadPoolExecutor(_N_THREADS) as pool:
        for found in pool.map(lambda _: link(rows, recordings, comparison), range(8)):
            assert found.labels.tobytes() == alone.labels.tobytes()
            assert found.similarities.tobytes() == alone.similarities.tobytes()


class Turned:
    """A projection whose sums are so long that BLAS rounds them by its number of threads."""

    matrix = np.random.default_rng(0).normal(size=(700, 700)).astype(np.float32)

    def transform(self, x: npt.NDArray[Any], /) -> npt.NDArray[Any]:
        return np.asarray(x @ self.matrix)


def test_the_number_of_threads_of_blas_changes_nothing() -> None:
    rows = np.random.default_rng(1).normal(size=(400, 700)).astype(np.float32)
    backend = Backend(name="turned", estimator=Turned())
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            projected = backend.project(rows)
            found.append((projected.tobytes(), backend.similarity(projected).tobytes()))
    assert found[0] == found[1]
