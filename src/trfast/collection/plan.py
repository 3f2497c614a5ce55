"""What is still to be diarized of what was given."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trfast._checks import check_listed
from trfast.annotation import Timeline
from trfast.audio import absolute
from trfast.audio.names import is_there
from trfast.collection.records import Origin
from trfast.collection.store import Store
from trfast.diarization import Job, SpeakerCounts
from trfast.execution import DiarizesOne, make_jobs
from trfast.execution.recordings import Channel, Done

Path = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Planned:
    """A job that is to be done.

    Parameters
    ----------
    job : Job
    origin : Origin
        As its source was before the work: if it changes meanwhile, that will be seen.
    made_by : str
        Tells its diarizer and options from others.
    """

    job: Job
    origin: Origin
    made_by: str


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be done of a call.

    Parameters
    ----------
    given : list of str
        Names of all recordings that were given.
    todo : dict of str to Planned
        Those that are not here yet, failed, changed, or had other options.
    refused : list of Outcome
        Those that cannot be done.
    """

    given: list[str]
    todo: dict[str, Planned]
    refused: list[Done]

    @property
    def jobs(self) -> list[Job]:
        """All jobs of which an outcome is to come."""
        refused = [outcome.item for outcome in self.refused]
        return [*refused, *(planned.job for planned in self.todo.values())]


def make_plan(
    store: Store,
    items: Iterable[Job | Path],
    diarizer: DiarizesOne,
    *,
    speech: Mapping[str, Timeline] | None = None,
    channel: Channel = None,
    track: int = 0,
    speaker_counts: SpeakerCounts | None = None,
) -> Plan:
    """Name what was given, and see what is here already; files known here keep their names."""
    items = check_listed(items, "recordings", "paths or Jobs")
    held, fingerprint = store.marks_of_change(), diarizer.fingerprint
    known = _names_here(store.sources(), held, items)
    jobs, refused = make_jobs(
        items,
        speech=speech,
        channel=channel,
        track=track,
        speaker_counts=speaker_counts,
        known=known,
    )
    todo = {}
    for job in jobs:
        planned = Planned(job, Origin.of(job.source), _made_by(fingerprint, job))
        origin = planned.origin
        if held.get(job.name) != (origin.size, origin.stamp, planned.made_by):
            todo[job.name] = planned
    given = [job.name for job in jobs] + [outcome.item.name for outcome in refused]
    return Plan(given, todo, refused)


def _names_here(
    sources: Mapping[str, str | None],
    held: Mapping[str, tuple[int | None, int | None, str | None]],
    items: Iterable[Job | Path],
) -> dict[str, str | None]:
    """Return the names that are given, and their files, None where that is gone: so no other file
    takes the name, and with it the place, of what is kept. A file that only moved is found again.
    """
    paths = [item for item in items if isinstance(item, str | os.PathLike)]
    given = {absolute(path) for path in paths}
    gone = {}
    for name, source in sources.items():
        if name in held and source and source not in given and not is_there(source):
            gone[name] = (os.path.basename(source), *held[name][:2])
    looked_for = {basename for basename, _, _ in gone.values()}
    moved = {}
    for path in given:
        if (basename := os.path.basename(path)) in looked_for:
            origin = Origin.of(path)
            moved[basename, origin.size, origin.stamp] = path
    return {**sources, **{name: moved.get(seen) for name, seen in gone.items()}}


def _made_by(fingerprint: str, job: Job) -> str:
    speech = job.speech
    options = (
        fingerprint,
        job.channel,
        None if speech is None else (speech.starts.tolist(), speech.ends.tolist()),
        *job.speaker_count.settings,
        *([("track", job.track)] if job.track else ()),  # what was diarized before there were any
    )
    return hashlib.sha256(repr(options).encode()).hexdigest()
