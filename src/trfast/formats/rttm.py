"""RTTM, NIST's format for who speaks when: one turn a line, ten fields."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping

from trfast._checks import check_listed, check_type
from trfast._files import write_atomic
from trfast.annotation import Annotation, Segment
from trfast.errors import AnnotationError
from trfast.formats._records import read_records, seconds, writable_name

# The other line types of NIST's specification (RT-09 evaluation plan, appendix A).
OTHER_TYPES = {
    *("SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"),
    *("EDIT", "SU", "IP", "CB", "A/P", "SPKR-INFO"),
}


def read_rttm(path: str | os.PathLike[str]) -> dict[str, Annotation]:
    """Read who speaks when in each recording of a RTTM file.

    Only SPEAKER lines count; the other line types of NIST's specification, comments (``;;``)
    and blank lines are passed over. The channel and the confidence are not kept. A turn of
    zero duration holds no speech and is left out. Ends are rounded to the nanosecond, so that
    start + duration has no floating-point dust.

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
    # Tuples, which Python sorts much faster than turns.
    turns: dict[str, list[tuple[float, float, str]]] = defaultdict(list)

    def parse(fields: list[str]) -> None:
        if fields[0] != "SPEAKER":
            if fields[0] in OTHER_TYPES:
                return
            raise AnnotationError(f"type is {fields[0]!r}, expected SPEAKER or another RTTM type")
        if len(fields) != 10:
            raise AnnotationError(
                f"{len(fields)} fields, expected 10: SPEAKER recording channel start duration"
                " <NA> <NA> speaker <NA> <NA> (names without whitespace)"
            )
        start, duration = seconds(fields[3], "start"), seconds(fields[4], "duration")
        if fields[7] == "<NA>":
            raise AnnotationError("speaker is <NA>, expected a name")
        if duration > 0:
            end = round(start + duration, 9)
            if not start <= end < math.inf:
                Segment(start, end)  # which says what is wrong
            turns[fields[1]].append((start, end, fields[7]))

    read_records(path, parse)
    return {recording: Annotation(recording, sorted(listed)) for recording, listed in turns.items()}


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
    lines = []
    for annotation in sorted(annotations, key=lambda a: a.recording):
        recording = writable_name(annotation.recording, "recording")
        names = {name: writable_name(name, "speaker") for name in annotation.speakers}
        for turn in annotation:
            if turn.start < 0:
                raise AnnotationError(f"{recording}: {turn} starts before 0. Clip it first")
            start, end = round(turn.start, 3), round(turn.end, 3)
            if end > start:
                lines.append(
                    f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f}"
                    f" <NA> <NA> {names[turn.speaker]} <NA> <NA>\n"
                )
    write_atomic(path, "".join(lines))
