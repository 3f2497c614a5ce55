"""RTTM, NIST's format for who speaks when: one turn a line, ten fields or, as it was once, nine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence

from trfast._checks import check_listed, check_type
from trfast._files import write_atomic
from trfast.annotation import Annotation, Segment, Timeline
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import malformed, read_text, seconds, writable, writable_name

# The other line types of NIST's specification (RT-09 evaluation plan, appendix A), and END, with
# which some programs close a file.
OTHER_TYPES = {
    *("SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"),
    *("EDIT", "SU", "IP", "CB", "A/P", "SPKR-INFO", "END"),
}


def read_rttm(path: str | os.PathLike[str]) -> dict[str, Annotation]:
    """Read who speaks when in each recording of a RTTM file.

    Only SPEAKER lines count; the other line types of NIST's specification, END, comments (``;;``)
    and blank lines are passed over (`read_no_score` reads the NOSCORE lines). The channel and the
    confidence are not kept. A turn of zero duration holds no speech and is left out. Ends are
    rounded to the nanosecond, so that start + duration has no floating-point dust.

    Parameters
    ----------
    path : path
        UTF-8, with or without a byte order mark.

    Returns
    -------
    dict of str to Annotation
        By name of recording, in the order of the file. Empty if the file has no turns.

    Raises
    ------
    AnnotationError
        If the file cannot be read or has malformed lines; each is named with what was found
        and what was expected. Nothing is returned of a file that is partly good.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "show.rttm")
    >>> _ = path.write_text("SPEAKER show 1 0.5 2.0 <NA> <NA> ann <NA> <NA>")
    >>> read_rttm(path)["show"].turns
    (Turn(start=0.5, end=2.5, speaker='ann'),)
    """
    return _read(path).annotations()


def read_no_score(path: str | os.PathLike[str]) -> dict[str, Timeline]:
    """Read what is not to be scored: the NOSCORE lines of a RTTM file.

    Parameters
    ----------
    path : path
        As for `read_rttm`.

    Returns
    -------
    dict of str to Timeline
        By name of recording; those without such lines are not in it.

    Raises
    ------
    AnnotationError
        As `read_rttm`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "show.rttm")
    >>> _ = path.write_text("NOSCORE show 1 4.0 2.0 <NA> <NA> <NA> <NA> <NA>")
    >>> read_no_score(path)
    {'show': Timeline([(4.0, 6.0)])}
    """
    return _read(path).no_scores()


def _read(path: str | os.PathLike[str]) -> Draft:
    draft = Draft()
    parse(draft, read_text(path))
    if draft.problems:
        raise malformed(path, draft.problems)
    return draft


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it."""
    turns, no_score, left_out = draft.turns, draft.no_score, draft.left_out

    def parse_line(fields: list[str]) -> None:
        kind = fields[0]
        if kind != "SPEAKER" and kind != "NOSCORE":
            if kind not in OTHER_TYPES:
                raise AnnotationError(f"type is {kind!r}, expected SPEAKER or another RTTM type")
            left_out[f"{kind} line"] += 1
            return
        if not 9 <= len(fields) <= 10:
            raise AnnotationError(
                f"{len(fields)} fields, expected 10 (or 9): {kind} recording channel start duration"
                " <NA> <NA> speaker <NA> <NA> (names without whitespace)"
            )
        start, duration = seconds(fields[3], "start"), seconds(fields[4], "duration")
        end = round(start + duration, 9)
        key = (fields[1], fields[2])
        if kind == "NOSCORE":
            Segment(start, end)
            no_score.setdefault(key, []).append((start, end))
            return
        if fields[7] == "<NA>":
            raise AnnotationError("speaker is <NA>, expected a name")
        if duration > 0:
            if not start <= end < math.inf:
                Segment(start, end)  # which says what is wrong
            turns.setdefault(key, []).append((start, end, fields[7]))
        else:
            left_out["turn without duration"] += 1

    draft.each_line(text, parse_line)


def render(annotations: Sequence[Annotation]) -> str:
    """Return turns as RTTM."""
    return "".join(
        f"SPEAKER {annotation.recording} 1 {start:.3f} {end - start:.3f}"
        f" <NA> <NA> {speaker} <NA> <NA>\n"
        for annotation in writable(annotations, writable_name)
        for start, end, speaker in (
            (round(turn.start, 3), round(turn.end, 3), turn.speaker) for turn in annotation
        )
        if end > start
    )


def write_rttm(
    annotations: Annotation | Iterable[Annotation] | Mapping[str, Annotation],
    path: str | os.PathLike[str],
) -> None:
    """Write turns as RTTM, sorted by recording, then time; times in milliseconds.

    The file appears whole or not at all. Starts and ends are rounded, and durations are the
    differences of what is written; a turn that rounds to zero duration is left out.

    Parameters
    ----------
    annotations : Annotation, iterable of Annotation, or mapping of str to Annotation
        One or several recordings. Of a mapping, the annotations; each has its recording's name.
    path : path
        Where to write; an existing file is replaced.

    Raises
    ------
    AnnotationError
        If a name is empty, holds whitespace, or a turn starts before zero.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "show.rttm")
    >>> write_rttm(Annotation("show", [(0.5, 2.5, "ann")]), path)
    >>> path.read_text()
    'SPEAKER show 1 0.500 2.000 <NA> <NA> ann <NA> <NA>\\n'
    """
    if isinstance(annotations, Annotation):
        annotations = [annotations]
    elif isinstance(annotations, Mapping):
        annotations = annotations.values()
    annotations = check_listed(annotations, "annotations", "Annotation")
    for annotation in annotations:
        check_type(annotation, Annotation, "annotation")
    write_atomic(path, render(annotations))
