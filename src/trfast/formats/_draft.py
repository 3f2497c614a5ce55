"""Draft: what a reader gathers of a file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from trfast.annotation import Annotation, Segment, Timeline
from trfast.errors import AnnotationError, Problem

Channels = Callable[[str, str], str]


def joined(recording: str, channel: str) -> str:  # noqa: ARG001
    """Name all channels of a recording alike."""
    return recording


class Draft:
    """What a reader gathers of a file: turns, what is wrong, and what is left out.

    Parameters
    ----------
    recording : str
        Name of the recording in formats that hold one and do not name it.

    Attributes
    ----------
    turns : dict of (str, str) to list of (start, end, speaker)
        By recording and channel; tuples, which Python sorts much faster than turns.
    no_score : dict of (str, str) to list of (start, end)
        What is not to be scored.
    problems : list of Problem
        What is wrong; nothing is read of such a line.
    left_out : Counter of str
        What has a meaning that turns do not have, by name.
    """

    def __init__(self, recording: str = "") -> None:
        self.recording = recording
        self.turns: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
        self.no_score: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self.problems: list[Problem] = []
        self.left_out: Counter[str] = Counter()

    def bad(self, line: int, message: object) -> None:
        """Take what is wrong in a line."""
        self.problems.append(Problem(line, str(message)))

    def add(
        self,
        start: float,
        end: float,
        speaker: str,
        *,
        recording: str | None = None,
        channel: str = "",
    ) -> None:
        """Take a turn; one of no duration holds no speech.

        Raises
        ------
        AnnotationError
            If it ends before it starts.
        """
        if not start < end < math.inf:
            Segment(start, end)  # which says what is wrong
            self.left_out["turn without duration"] += 1
            return
        key = (self.recording if recording is None else recording, channel)
        self.turns.setdefault(key, []).append((start, end, speaker))

    def each_line(self, text: str, parse: Callable[[list[str]], None]) -> None:
        """Hand the fields of each line to `parse`, and take its errors as problems; blank lines
        and ``;;`` comments are left out."""
        for number, line in enumerate(text.split("\n"), start=1):
            fields = line.split()
            if not fields or fields[0].startswith(";;"):
                continue
            try:
                parse(fields)
            except AnnotationError as error:
                self.bad(number, error)

    def channels(self) -> dict[str, list[str]]:
        """Return the channels of each recording."""
        found: dict[str, list[str]] = {}
        for recording, channel in self.turns.keys() | self.no_score.keys():
            found.setdefault(recording, []).append(channel)
        return {recording: sorted(found[recording]) for recording in sorted(found)}

    def annotations(self, name: Channels = joined) -> dict[str, Annotation]:
        """Return the turns by the names that `name` makes of recording and channel."""
        found: dict[str, list[tuple[float, float, str]]] = {}
        for key, listed in self.turns.items():
            found.setdefault(name(*key), []).extend(listed)
        return {recording: Annotation(recording, sorted(found[recording])) for recording in found}

    def timelines(self, name: Channels = joined) -> dict[str, Timeline]:
        """Return the turns without speakers, named likewise."""
        return {
            recording: Timeline((turn.start, turn.end) for turn in annotation)
            for recording, annotation in self.annotations(name).items()
        }

    def no_scores(self, name: Channels = joined) -> dict[str, Timeline]:
        """Return what is not to be scored, named likewise."""
        found: dict[str, list[tuple[float, float]]] = {}
        for key, listed in self.no_score.items():
            found.setdefault(name(*key), []).extend(listed)
        return {recording: Timeline(listed) for recording, listed in found.items()}
