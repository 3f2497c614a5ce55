"""LIUM's .seg, the turns of LIUM_SpkDiarization, SIDEKIT and S4D: eight fields, frames of 10 ms."""

from __future__ import annotations

from collections.abc import Sequence

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import writable, writable_name

STEP = 0.01  # seconds


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it; gender, band and environment are left
    out, where they say anything (all but ``U``)."""

    def parse_line(fields: list[str]) -> None:
        if len(fields) != 8:
            raise AnnotationError(
                f"{len(fields)} fields, expected 8: recording channel start length gender band"
                " environment speaker (names without whitespace)"
            )
        recording, channel = fields[:2]
        start, length = _frames(fields[2], "start"), _frames(fields[3], "length")
        for field, kind in zip(fields[4:7], ("gender", "band", "environment"), strict=True):
            draft.left_out[kind] += field != "U"
        if length:
            turn = (start / 100, (start + length) / 100, fields[7])
            draft.turns.setdefault((recording, channel), []).append(turn)
        else:
            draft.left_out["turn without duration"] += 1

    draft.each_line(text, parse_line)


def _frames(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise AnnotationError(
            f"{name} is {text!r}, expected a whole number of frames of 10 ms, at least 0"
        )
    return int(text)


def render(annotations: Sequence[Annotation]) -> str:
    """Return turns as .seg."""
    return "".join(
        f"{annotation.recording} 1 {start} {end - start} U U U {speaker}\n"
        for annotation in writable(annotations, writable_name)
        for start, end, speaker in (
            (round(turn.start / STEP), round(turn.end / STEP), turn.speaker) for turn in annotation
        )
        if end > start
    )
