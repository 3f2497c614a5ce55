"""Audacity's label tracks: start, end and speaker, with tabs between them; one recording a file."""

from __future__ import annotations

from collections.abc import Sequence

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import line_name, seconds, writable


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it; the frequencies of a selection, lines that
    start with a backslash, are left out."""
    draft.turns[draft.recording, ""] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if line.startswith("\\"):
            draft.left_out["line of frequencies"] += 1
            continue
        fields = line.split("\t", 2)
        try:
            if len(fields) != 3:
                raise AnnotationError(
                    f"{len(fields)} fields, expected 3: start, end and speaker, with tabs between"
                )
            if not fields[2].strip():
                raise AnnotationError("the label is empty, expected a speaker")
            draft.add(seconds(fields[0], "start"), seconds(fields[1], "end"), fields[2].strip())
        except AnnotationError as error:
            draft.bad(number, error)


def render(annotations: Sequence[Annotation]) -> str:
    """Return the turns of a recording as labels; times in microseconds, as Audacity writes them."""
    return "".join(
        f"{start:.6f}\t{end:.6f}\t{speaker}\n"
        for annotation in writable(annotations, line_name, alone=True)
        for start, end, speaker in (
            (round(turn.start, 6), round(turn.end, 6), turn.speaker) for turn in annotation
        )
        if end > start
    )
