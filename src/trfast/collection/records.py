"""What a collection tells of its recordings, speakers and links."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

import numpy as np

from trfast._names import BackendName, ClusteringName
from trfast._text import writable
from trfast.audio import Encoded, Source, Waveform, check_source, is_url
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
        return cls(recording, source, writable(f"{kind}{error}"), writable(notes))


@dataclass(frozen=True, slots=True)
class Speaker:
    """A speaker of the whole collection; speech in seconds, and an id that stays."""

    name: str
    n_recordings: int
    speech: float
    id: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that a speaker is known by: what it was made of, seconds of speech, hash of the model
    that made its vector, and when it was enrolled (UTC, ISO 8601)."""

    speaker: str
    source: str
    speech: float
    model_hash: str
    made: str


@dataclass(frozen=True, slots=True)
class Link:
    """Why a local speaker has its name: the most similar local speaker of the same name.

    `similarity` and `nearest` (recording, local speaker) are ``None`` for one that stands alone;
    the runner-up is the most similar one of all others that reach the threshold. `correction` is
    the kind of the correction that says who it is, ``None`` where the score does, or a voice that
    is enrolled: then `enrolled_similarity` is the score with that.
    """

    recording: str
    local: str
    speaker: str
    similarity: float | None
    nearest: tuple[str, str] | None
    correction: str | None = None
    runner_up_similarity: float | None = None
    runner_up: tuple[str, str] | None = None
    enrolled_similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link did: whether it linked what was new alone, and else why not.

    Where voices are enrolled, `false_acceptance` is the share of strangers that reach the threshold
    with one speaker's voice, as `trfast.linking.identify` estimates it; else ``None``, or where too
    little is known of strangers.
    """

    new_only: bool
    because: tuple[str, ...] = ()
    false_acceptance: float | None = None


@dataclass(frozen=True, slots=True)
class LinkedBy:
    """What linked a collection: a back-end of a model, and a threshold, in standard deviations
    above strangers if it is `normalized`.
    """

    model_hash: str
    backend: BackendName
    clustering: ClusteringName
    threshold: float
    normalized: bool


@dataclass(frozen=True, slots=True)
class DoubtfulLink:
    """Two local speakers (recording, local name) whose speakers a little would have joined, or kept
    apart: a mean score near the threshold; `speech` in seconds is what is at stake.

    `linked`: they are one speaker now, which `Corrections.confirm` or `reject` of the first one
    settles; else `Corrections.merge` or `distinguish`, of their speakers.
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
        source = check_source(source)
        if isinstance(source, Waveform):
            samples = np.ascontiguousarray(source.samples)
            seen = hashlib.blake2b(samples.data, digest_size=8)
            seen.update(repr((source.sample_rate, samples.shape, samples.dtype)).encode())
            return cls(None, samples.nbytes, int.from_bytes(seen.digest(), signed=True))
        if isinstance(source, Encoded):
            seen = hashlib.blake2b(source.content, digest_size=8)
            return cls(None, source.size, int.from_bytes(seen.digest(), signed=True))
        if is_url(source):
            return cls(source)
        path = os.path.abspath(source)
        try:
            status = os.stat(path)
        except OSError:
            return cls(path)
        return cls(path, status.st_size, status.st_mtime_ns)
