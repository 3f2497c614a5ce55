"""Archives that nobody recorded: vectors drawn from a model's own covariance, and collections."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trfast.annotation import Annotation
from trfast.collection import Collection
from trfast.collection.linker import told_of
from trfast.diarization import Diarization
from trfast.model import ModelBundle

# Local speakers of a recording; rows that are drawn at a time.
PER, _BLOCK = 5, 10_000


def speakers_of(n: int, *, host: bool = False) -> npt.NDArray[np.int64]:
    """Return a speaker for each of n local speakers: they appear in 1 to 1,000 recordings (Zipf's
    law), and with `host` the first of each recording is the same in all."""
    rng = np.random.default_rng(0)
    appearances = np.minimum(rng.zipf(2.0, size=n), 1000)
    speakers = 1 + rng.permutation(np.repeat(np.arange(n), appearances)[:n])
    if host:
        speakers[::PER] = 0
    return speakers


def vectors_of(
    speakers: npt.NDArray[np.int64], model: ModelBundle, *, seed: int = 0
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield vectors of speakers, 10,000 at a time: what whitening makes 0.6 of the speaker and 0.4
    of the recording."""
    mean = model.whitening.mean_.astype(np.float32)
    back = np.linalg.inv(model.whitening.matrix_).astype(np.float32)
    rng = np.random.default_rng(seed)
    for start in range(0, len(speakers), _BLOCK):
        some = speakers[start : start + _BLOCK]
        x = rng.standard_normal((len(some), len(mean)), dtype=np.float32) * np.float32(0.4**0.5)
        for row, speaker in zip(x, some.tolist(), strict=True):
            voice = np.random.default_rng([1, speaker]).standard_normal(len(mean), np.float32)
            row += np.float32(0.6**0.5) * voice
        yield np.asarray(x @ back + mean, np.float32)


def recordings_of(n: int) -> npt.NDArray[np.int64]:
    """Return the recording of each local speaker."""
    return np.arange(n) // PER


def name(recording: int) -> str:
    """Return the name of a recording."""
    return f"r{recording:07}"


def diarization(
    recording: str, vectors: npt.NDArray[np.float32], model: ModelBundle, *, turns: int = 20
) -> Diarization:
    """Return a recording with vectors, whose speakers take turns of 3 s."""
    names = [f"S{k + 1}" for k in range(len(vectors))]
    times = [(3.0 * k, 3.0 * k + 2.5, names[k % len(names)]) for k in range(turns)]
    annotation = Annotation(recording, times)
    spoken = annotation.timeline_by_speaker()
    return Diarization(
        annotation=annotation,
        speakers=tuple(names),
        vectors=vectors,
        speech_durations=np.array([spoken[k].duration for k in names]),
        duration=3.0 * turns,
        model_hash=model.vectors_hash,
    )


def make_linked(path: Path, n: int, model: ModelBundle) -> None:
    """Write a collection of n local speakers, without turns, linked as they were drawn."""
    speakers = speakers_of(n)
    ids = np.unique(speakers, return_inverse=True)[1] + 1
    told = told_of(model, model.across(), None)
    with Collection(path) as collection:
        db = collection._store.db
        with db.writing():
            db.many(
                "INSERT INTO recording (id, name, model, duration, dimension, stages)"
                " VALUES (?, ?, ?, 60, ?, '{}')",
                (
                    (k + 1, name(k), model.vectors_hash, len(model.whitening.mean_))
                    for k in range(-(-n // PER))
                ),
            )
            db.many("INSERT INTO speaker (id) VALUES (?)", ((k + 1,) for k in range(ids.max())))
            first = 0
            for block in vectors_of(speakers, model):
                rows = range(first, first + len(block))
                first += len(block)
                db.many(
                    "INSERT INTO local_speaker (id, recording, local, speech, vector, speaker)"
                    " VALUES (?, ?, ?, 12, ?, ?)",
                    (
                        (k + 1, k // PER + 1, f"S{k % PER}", vector.tobytes(), int(ids[k]))
                        for k, vector in zip(rows, block, strict=True)
                    ),
                )
            db.rows("UPDATE state SET linked = generation, how = ?", told)


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
