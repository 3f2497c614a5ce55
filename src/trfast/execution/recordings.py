"""Diarize many recordings side by side."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from trfast._checks import check_listed, check_type
from trfast.annotation import Timeline
from trfast.audio import (
    absolute,
    check_source,
    name_channels,
    name_recordings,
    probe,
    source_size,
)
from trfast.diarization import Diarization, Job, SpeakerCounts
from trfast.errors import AnnotationError, ParameterError, ParameterTypeError, TrfastError
from trfast.execution.board import Moved
from trfast.execution.processes import Outcome, map_recordings

Done = Outcome[Job, Diarization]
Channel = int | Literal["split"] | None


class DiarizesOne(Protocol):
    """What diarizes one recording: a `Diarizer`, or anything with the same face."""

    @property
    def fingerprint(self) -> str:
        """Changes with the model and with every option that changes the result."""

    @property
    def model_hash(self) -> str:
        """Tells the model whose vectors it gives: the `Diarization.model_hash` of its results."""

    def __call__(self, job: Job, /) -> Diarization:
        """Diarize one recording."""


def make_jobs(
    items: Iterable[Job | str | os.PathLike[str]],
    *,
    speech: Mapping[str, Timeline] | None = None,
    channel: Channel = None,
    track: int = 0,
    speaker_counts: SpeakerCounts | None = None,
    known: Mapping[str, str | None] | None = None,
) -> tuple[list[Job], list[Done]]:
    """Name files, and say how each is to be diarized.

    Parameters
    ----------
    items : iterable of path or Job
        Jobs stay as they are; files are named as by `name_recordings`.
    speech : mapping of str to Timeline, optional
        Speech marks of the files from outside, by name of recording.
    channel : int or "split", optional
        Channel to take of the files, or each as a recording of its own, named as by
        `name_channels`; default: the mean of all.
    track : int
        Audio track to take of the files, from 0.
    speaker_counts : SpeakerCounts, optional
        How many speakers the files have; default: as the diarizer has it.
    known : mapping of str to (str or None), optional
        As in `name_recordings`.

    Returns
    -------
    jobs : list of Job
    refused : list of Outcome
        The files without speech marks, where marks were given.

    Raises
    ------
    ParameterError
        If two jobs have one name, or speaker counts name a recording that is neither among the
        files nor known.

    Examples
    --------
    >>> jobs, refused = make_jobs(["a.wav", "b.wav"], speech={"a": Timeline([(0, 7)])})
    >>> [job.name for job in jobs], [str(outcome.error) for outcome in refused]
    (['a'], ["no speech marks for recording 'b'"])
    """
    jobs: list[Job] = []
    paths: list[str | os.PathLike[str]] = []
    if speech is not None:
        hint = "give marks by name of recording, such as read_uem(path)"
        check_type(speech, Mapping, "speech", hint=hint)  # type: ignore[type-abstract]
    for item in check_listed(items, "recordings", "paths or Jobs"):
        if isinstance(item, Job):
            jobs.append(item)
        elif isinstance(item, str | os.PathLike):
            paths.append(item)
        else:
            raise ParameterTypeError(
                f"a recording must be a path or a Job, got {type(item).__name__}."
                " Samples in memory need a name: Job(name, waveform)"
            )
    twice = [name for name, n in Counter(job.name for job in jobs).items() if n > 1]
    if twice:
        raise ParameterError(f"several jobs have one name: {', '.join(map(repr, twice[:3]))}")
    refused: list[Done] = []
    taken = dict.fromkeys(job.name for job in jobs)
    known = known or {}
    named: dict[str, tuple[Path | str, int | None]]
    if channel == "split":
        n_channels = partial(_n_channels, track=track)
        named = name_channels(paths, n_channels, {**known, **taken})
    else:
        named = {
            name: (path, channel)
            for name, path in name_recordings(paths, {**known, **taken}).items()
        }
    counts = SpeakerCounts({})
    if speaker_counts is not None:
        counts = check_type(speaker_counts, SpeakerCounts, "speaker_counts")
    counts.check_names(named, known)
    for name, (path, taken_channel) in named.items():
        if speech is None or name in speech:
            marks = None if speech is None else speech[name]
            jobs.append(
                Job(name, path, marks, taken_channel, track=track, **asdict(counts.of(name)))
            )
        else:
            error = AnnotationError(f"no speech marks for recording {name!r}")
            refused.append(Outcome(Job(name, path), None, error, 0.0))
    return jobs, refused


def _n_channels(path: Path | str, track: int) -> int:
    """Count the channels of a file; one that cannot be opened says so when it is diarized."""
    try:
        return probe(path, track=track).channels
    except (TrfastError, OSError):
        return 1


def diarize_all(
    diarizer: DiarizesOne,
    todo: Iterable[Job],
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    moved: Moved[Job] | None = None,
) -> Iterator[Done]:
    """Diarize recordings side by side, the largest files first, and yield each as it finishes.

    Parameters
    ----------
    diarizer : Diarizer
        Called with each job.
    todo : iterable of Job
        What to diarize.
    executor, jobs, moved
        As in `map_recordings`. Workers of an executor read the files themselves, by their absolute
        paths.

    Yields
    ------
    Outcome
        Its item is the job.
    """
    sizes = [(-source_size(job.source), job.name, job) for job in todo]
    in_order = [job for *_, job in sorted(sizes, key=lambda entry: entry[:2])]
    if executor is None:
        return map_recordings(diarizer, in_order, jobs=jobs, moved=moved)
    sent = {_as_sent(job): job for job in in_order}
    outcomes = map_recordings(diarizer, sent, executor=executor, jobs=jobs)
    return (replace(outcome, item=sent[outcome.item]) for outcome in outcomes)


def _as_sent(job: Job) -> Job:
    """A job that another machine, in another folder, understands."""
    source = check_source(job.source)
    return replace(
        job, source=absolute(source) if isinstance(source, str | os.PathLike) else source
    )
