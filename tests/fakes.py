"""A diarizer and a model that read their results from text files: `ann:3 ben:2.5`; an executor."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trfast.annotation import Annotation, Turn
from trfast.audio import Waveform
from trfast.comparison import Comparison
from trfast.diarization import Diarization, Job
from trfast.errors import AudioError
from trfast.scoring.backend import Backend, Thresholds
from trfast.scoring.normalization import Whitening

any_bytes = pytest.mark.skipif(
    sys.platform in ("darwin", "win32"), reason="names of files are Unicode here"
)

PEOPLE = ("ann", "ben", "cat", "dan")


def diarization(name: str, text: str, model_hash: str = "fake") -> Diarization:
    """Return the speakers of `text` one after the other; their vectors are one-hot."""
    words = [word.split(":") for word in text.split()]
    speakers = tuple(f"S{i + 1}" for i in range(len(words)))
    seconds = np.array([float(word[1]) for word in words])
    ends = np.cumsum(seconds).tolist()
    starts = [0.0, *ends[:-1]]
    return Diarization(
        annotation=Annotation(name, map(Turn, starts, ends, speakers)),
        speakers=speakers,
        vectors=np.array([np.eye(4)[PEOPLE.index(word[0])] for word in words], np.float32).reshape(
            -1, 4
        ),
        speech_durations=seconds,
        duration=float(seconds.sum()) + 1.0,
        model_hash=model_hash,
        stage_seconds={"features": 0.5},
    )


@dataclass(frozen=True)
class FakeDiarizer:
    """Writes each call to a log beside the file; `model_hash` stands for its options too."""

    model_hash: str = "fake"
    comparison: Comparison = Comparison(threshold=0.5)  # noqa: RUF009 (frozen)

    @property
    def fingerprint(self) -> str:
        return self.model_hash

    def __call__(self, job: Job) -> Diarization:
        if isinstance(job.source, Waveform):
            return diarization(job.name, f"ann:{len(job.source.samples)}", self.model_hash)
        path = Path(str(job.source))
        with open(path.parent / "calls.log", "a") as log:
            log.write(f"{job.name}\n")
        if not path.exists():
            raise AudioError(f"{path.name}: no such file")
        text = path.read_text()
        if text == "bug":
            raise ZeroDivisionError("a bug")
        if text == "die":
            os._exit(1)
        if text == "stop":
            raise KeyboardInterrupt
        if job.speech is not None:
            text = f"ann:{job.speech.duration}"
        words = text.split()
        job.speaker_count.check(len(words), "word", job.name)
        text = " ".join(words[: job.speaker_count.nearest(len(words))])
        return diarization(job.name, text, self.model_hash)


class Sending(Executor):
    """Calls what it is given here, from a pickle, which must not name the hidden folder."""

    def __init__(self, hidden: Path | None = None) -> None:
        self.n_calls = 0
        self._hidden = hidden

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        sent = pickle.dumps((function, arguments, named))
        assert self._hidden is None or str(self._hidden).encode() not in sent
        self.n_calls += 1
        function, arguments, named = pickle.loads(sent)
        future: Future[Any] = Future()
        future.set_result(function(*arguments, **named))
        return future


@dataclass(frozen=True)
class FakeModel:
    vectors_hash: str = "fake"

    def across(self, *_: object) -> Comparison:
        return Comparison(backend=cosine_backend(4), threshold=0.5)


def cosine_backend(dimension: int, **thresholds: Thresholds) -> Backend:
    """Return a back-end that compares vectors as they are."""
    whitening = Whitening()
    whitening.mean_ = np.zeros(dimension, np.float32)
    whitening.matrix_ = np.eye(dimension, dtype=np.float32)
    whitening.n_features_in_ = dimension
    return Backend(name="cosine", whitening=whitening, thresholds=thresholds)


def calls(folder: Path) -> list[str]:
    """Return the recordings diarized since the last call, sorted."""
    log = folder / "calls.log"
    lines = sorted(log.read_text().split()) if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def write(folder: Path, **texts: str) -> list[Path]:
    """Write one file a recording."""
    folder.mkdir(exist_ok=True, parents=True)
    paths = [folder / f"{name}.wav" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths
