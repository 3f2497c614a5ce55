"""Diarize many recordings side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Protocol

from trfast.annotation import Timeline
from trfast.audio import Source
from trfast.audio.files import source_size
from trfast.diarization import Diarization
from trfast.errors import AnnotationError
from trfast.execution.processes import Outcome, map_recordings


class DiarizesOne(Protocol):
    """What diarizes one recording: a `Diarizer`, or anything with the same face."""

    @property
    def fingerprint(self) -> str:
        """Changes with the model and with every option that changes the result."""

    def __call__(
        self,
        source: Source,
        *,
        recording: str | None = None,
        speech: Timeline | None = None,
        channel: int | None = None,
    ) -> Diarization: ...


def diarize_all(
    diarizer: DiarizesOne,
    sources: Mapping[str, Source],
    *,
    speech: Mapping[str, Timeline] | None = None,
    channel: int | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
) -> Iterator[Outcome[str, Diarization]]:
    """Diarize recordings side by side, the largest files first, and yield each as it finishes.

    Parameters
    ----------
    diarizer : Diarizer
        Called with each source.
    sources : mapping of str to Source
        Files, or audio in memory, by name of recording.
    speech : mapping of str to Timeline, optional
        Speech marks from outside; a recording without any is an error.
    channel : int, optional
        Channel to take; default: the mean of all.
    executor, jobs
        As in `map_recordings`.

    Yields
    ------
    Outcome
        Its item is the name of the recording.
    """
    tasks = []
    for name in sorted(sources, key=lambda name: (-source_size(sources[name]), name)):
        if speech is not None and name not in speech:
            error = AnnotationError(f"no speech marks for recording {name!r}")
            yield Outcome(name, None, error, 0.0)
        else:
            tasks.append((name, sources[name], None if speech is None else speech[name]))
    for outcome in map_recordings(
        partial(_diarize, diarizer, channel), tasks, executor=executor, jobs=jobs
    ):
        yield Outcome(outcome.item[0], outcome.result, outcome.error, outcome.seconds)


def _diarize(
    diarizer: DiarizesOne, channel: int | None, task: tuple[str, Source, Timeline | None]
) -> Diarization:
    recording, source, speech = task
    return diarizer(source, recording=recording, speech=speech, channel=channel)
