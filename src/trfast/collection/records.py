"""What a collection tells of its recordings, speakers and links."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

import numpy as np

from trfast.audio import Source, Waveform, is_url
from trfast.errors import TrfastError


@dataclass(frozen=True, slots=True)
class Recording:
    """A diarized recording; times in seconds, `source` an absolute path or a URL."""

    name: str
    source: str | None
    duration: float
    n_speakers: int
    speech: float
    model_hash: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be diarized, why, and the traceback of an unforeseen error."""

    recording: str
    source: str | None
    error: str
    details: str

    @classmethod
    def of(cls, recording: str, source: str | None, error: Exception) -> Failure:
        """Put an error in words."""
        kind = "" if isinstance(error, TrfastError) else f"{type(error).__name__}: "
        notes = "\n".join(getattr(error, "__notes__", ()))
        return cls(recording, source, _unicode(f"{kind}{error}"), _unicode(notes))


@dataclass(frozen=True, slots=True)
class Speaker:
    """A speaker of the whole collection; speech in seconds, and an id that stays."""

    name: str
    n_recordings: int
    speech: float
    id: int


@dataclass(frozen=True, slots=True)
class Link:
    """Why a local speaker has its name: the most similar local speaker of the same name.

    `similarity` and `nearest` (recording, local speaker) are ``None`` for one that stands alone;
    the runner-up is the most similar one of all others that reach the threshold. `correction` is
    the kind of the correction that says who it is, ``None`` where the score does.
    """

    recording: str
    local: str
    speaker: str
    similarity: float | None
    nearest: tuple[str, str] | None
    correction: str | None = None
    runner_up_similarity: float | None = None
    runner_up: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link did: whether it linked what was new alone, and else why not."""

    new_only: bool
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoubtfulLink:
    """Two local speakers (recording, local name) whose speakers a little would have joined, or kept
    apart: a mean score near the threshold; `speech` in seconds is what is at stake.

    `linked`: they are one speaker now, which `Corrections.confirm` or `reject` of the first one
    settles; else `Corrections.merge`, of their speakers.
    """

    linked: bool
    local: tuple[str, str]
    other: tuple[str, str]
    speakers: tuple[str, str]
    score: float
    speech: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a recording came from, and what tells that it changed: the columns of that name."""

    source: str | None = None
    size: int | None = None
    stamp: int | None = None

    @classmethod
    def of(cls, source: Source | None) -> Origin:
        """Look at a source as it is now; a file that is not there has no size, nor has a URL, which
        is not looked at."""
        if source is None:
            return cls()
        if isinstance(source, Waveform):
            samples = np.ascontiguousarray(source.samples)
            seen = hashlib.blake2b(samples.data, digest_size=8)
            seen.update(repr((source.sample_rate, samples.shape, samples.dtype)).encode())
            return cls(None, samples.nbytes, int.from_bytes(seen.digest(), signed=True))
        if is_url(source):
            return cls(source)
        path = os.path.abspath(source)
        try:
            status = os.stat(path)
        except OSError:
            return cls(path)
        return cls(path, status.st_size, status.st_mtime_ns)


def _unicode(text: str) -> str:
    """Text that can be written; a path in it may be no UTF-8."""
    return text.encode(errors="backslashreplace").decode()
