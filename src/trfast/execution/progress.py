"""Progress: how far the work over recordings is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan

from trfast.audio import header_duration
from trfast.diarization import Diarization, Job
from trfast.execution.processes import Outcome


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work over recordings is.

    Parameters
    ----------
    recording : str
        The one that moved.
    outcome : Outcome or None
        What became of it, if it is finished.
    n_recordings, n_done, n_failed : int
        Recordings in all, finished, and of those failed.
    seconds, total_seconds : float
        Seconds of audio done, and in all, as the files say. One that does not say, cannot be read,
        or is at a URL counts from when it is finished; one that fails, as far as it got.

    Examples
    --------
    >>> import numpy as np
    >>> from trfast import Collection
    >>> from trfast.audio import Waveform
    >>> silence = Job("silence", Waveform(np.zeros(32000, np.float32), 16000))
    >>> def show(progress):
    ...     if progress.outcome:
    ...         print(f"{progress.recording}: {progress.seconds} of {progress.total_seconds} s")
    >>> with Collection(":memory:") as collection:
    ...     collection.add_all([silence], progress=show)
    silence: 2.0 of 2.0 s
    []
    """

    recording: str
    outcome: Outcome[Job, Diarization] | None
    n_recordings: int
    n_done: int
    n_failed: int
    seconds: float
    total_seconds: float


class Tally:
    """Adds up what is told of recordings.

    Parameters
    ----------
    jobs : iterable of Job
        All of them; the headers of their files are read.
    tell : callable
        Called with a `Progress` when one has moved.
    """

    def __init__(self, jobs: Iterable[Job], tell: Callable[[Progress], None]) -> None:
        durations = {job.name: header_duration(job.source) for job in jobs}
        self._totals = {name: 0.0 if isnan(own) else own for name, own in durations.items()}
        self._done = dict.fromkeys(self._totals, 0.0)
        self._total, self._seconds = sum(self._totals.values()), 0.0
        self._n_done = self._n_failed = 0
        self._tell = tell

    def moved(self, job: Job, done: float, total: float) -> None:
        """Take how many seconds of a recording are done, and in all."""
        if job.name in self._done:  # and not finished meanwhile
            self._set(job.name, done, total)
            self._told(job.name, None)

    def finished(self, outcome: Outcome[Job, Diarization]) -> None:
        """Take what became of a recording."""
        name, result = outcome.item.name, outcome.result
        seconds = self._done[name] if result is None else result.duration
        self._set(name, seconds, seconds)
        del self._done[name]
        self._n_done += 1
        self._n_failed += result is None
        self._told(name, outcome)

    def _set(self, name: str, done: float, total: float) -> None:
        self._seconds += done - self._done[name]
        self._total += total - self._totals[name]
        self._done[name], self._totals[name] = done, total

    def _told(self, name: str, outcome: Outcome[Job, Diarization] | None) -> None:
        self._tell(
            Progress(
                recording=name,
                outcome=outcome,
                n_recordings=len(self._totals),
                n_done=self._n_done,
                n_failed=self._n_failed,
                seconds=self._seconds,
                total_seconds=self._total,
            )
        )
