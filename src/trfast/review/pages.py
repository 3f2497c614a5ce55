"""What the pages show, read from the collection at one moment; no HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trfast import _pictures
from trfast.annotation import Segment, Timeline
from trfast.collection import Collection, DoubtfulLink, Link, Recording, Speaker
from trfast.errors import CollectionError
from trfast.review.sound import has_sound

MOST = 200  # rows that a page shows at first
_MOST_TURNS = 5  # of a side of a doubt


@dataclass(frozen=True)
class Listed:
    """The speakers whose names hold what was looked for, most speech first."""

    speakers: Sequence[Speaker]
    n_found: int
    n_all: int
    most_speech: float


@dataclass(frozen=True)
class Strip:
    """Turns in one recording, on a line as long as the recording."""

    recording: Recording
    turns: Sequence[Segment]
    speech: float
    links: Sequence[Link]  # local speakers that they are of; none: not linked yet
    local: str = ""
    sound: bool = False


@dataclass(frozen=True)
class Heard:
    """Where a speaker speaks, a strip a recording, by name; of how many, and how long in all."""

    strips: Sequence[Strip]
    n_recordings: int
    speech: float


@dataclass(frozen=True)
class Side:
    """One of two local speakers: who it is taken for, and what to hear, the longest turn first."""

    speaker: str
    recording: str
    local: str
    speech: float
    turns: Sequence[Segment]
    sound: bool


@dataclass(frozen=True)
class Doubt:
    """Two local speakers who may be one."""

    linked: bool
    score: float
    sides: tuple[Side, Side]

    @property
    def key(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """What tells it from others: recording and local speaker of both."""
        a, b = self.sides
        return (a.recording, a.local), (b.recording, b.local)


def listed(collection: Collection, wanted: str, most: int) -> Listed:
    """List speakers."""
    everybody = sorted(collection.speakers(), key=lambda speaker: (-speaker.speech, speaker.id))
    sought = wanted.casefold()
    found = [speaker for speaker in everybody if sought in speaker.name.casefold()]
    most_speech = max((speaker.speech for speaker in everybody), default=0.0)
    return Listed(found[:most], len(found), len(everybody), most_speech)


def heard(collection: Collection, speaker: str, most: int) -> Heard:
    """Return where a speaker speaks, in the first recordings."""
    recordings = collection.recordings_of(speaker)
    turns = collection.turns_of(speaker)
    links = _by_recording(collection.links(speaker=speaker))
    strips = [
        Strip(
            recording,
            list(turns[recording.name]),
            turns[recording.name].merged().duration,
            links.get(recording.name, ()),
            sound=has_sound(recording),
        )
        for recording in recordings[:most]
        if recording.name in turns
    ]
    speech = sum(timeline.merged().duration for timeline in turns.values())
    return Heard(strips, len(recordings), speech)


def strips_of_recording(collection: Collection, recording: Recording) -> list[Strip]:
    """Return who speaks in a recording, a strip a local speaker, most speech first."""
    diarized = collection.diarization(recording.name)
    links = {link.local: link for link in collection.links(recording=recording.name)}
    turns: dict[str, list[Segment]] = {local: [] for local in diarized.speakers}
    for turn in diarized.annotation:
        turns[turn.speaker].append(Segment(turn.start, turn.end))
    strips = [
        Strip(
            recording,
            turns[local],
            float(seconds),
            (links[local],) if local in links else (),
            local,
            has_sound(recording),
        )
        for local, seconds in zip(diarized.speakers, diarized.speech_durations, strict=True)
    ]
    return sorted(strips, key=lambda strip: -strip.speech)


def sample(collection: Collection, speaker: str) -> tuple[str, Segment]:
    """Return the longest turn of a speaker that can be heard, and its recording.

    Raises
    ------
    CollectionError
        If there is no such speaker, or no recording of it has sound.
    """
    turns = collection.turns_of(speaker)
    heard = [r.name for r in collection.recordings_of(speaker) if has_sound(r) and r.name in turns]
    if not heard:
        raise CollectionError(f"no file of a recording of {speaker} is there to be heard")
    longest = {name: _longest(turns[name])[0] for name in heard}
    name = max(heard, key=lambda name: longest[name].duration)
    return name, longest[name]


def with_sides(collection: Collection, doubts: Iterable[DoubtfulLink]) -> list[Doubt]:
    """Return doubts with what there is to hear of both sides."""
    sides: dict[tuple[str, str], Side] = {}
    for doubt in doubts:
        for (name, local), speaker in zip((doubt.local, doubt.other), doubt.speakers, strict=True):
            if (name, local) not in sides:
                sides[name, local] = _side(collection, name, local, speaker)
    return [Doubt(d.linked, d.score, (sides[d.local], sides[d.other])) for d in doubts]


def _side(collection: Collection, name: str, local: str, speaker: str) -> Side:
    diarized = collection.diarization(name)
    turns = Timeline((t.start, t.end) for t in diarized.annotation if t.speaker == local)
    speech = float(diarized.speech_durations[diarized.speakers.index(local)])
    sound = has_sound(collection.recording(name))
    return Side(speaker, name, local, speech, _longest(turns)[:_MOST_TURNS], sound)


def _longest(turns: Iterable[Segment]) -> list[Segment]:
    return sorted(turns, key=lambda turn: (-turn.duration, turn.start))


def _by_recording(links: Iterable[Link]) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.recording, []).append(link)
    return found


def clock(seconds: float) -> str:
    """Write a time or duration as a clock shows it: in whole seconds that are over.

    Examples
    --------
    >>> clock(7.6), clock(125), clock(3725)
    ('0:07', '2:05', '1:02:05')
    """
    return _pictures.clock(int(seconds))
