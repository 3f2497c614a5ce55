"""UEM, NIST's format for what is to be scored: recording, channel, start, end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from trfast._files import write_atomic
from trfast.annotation import Annotation, Timeline
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import malformed, read_text, seconds, writable, writable_name

NOBODY = ""  # the speaker of regions, which have none


def read_uem(path: str | os.PathLike[str]) -> dict[str, Timeline]:
    """Read the regions of each recording of a UEM file; comments start with ``;;``.

    Parameters
    ----------
    path : path
        UTF-8, with or without a byte order mark.

    Returns
    -------
    dict of str to Timeline
        By name of recording, in the order of the file. The channel is not kept.

    Raises
    ------
    AnnotationError
        If the file cannot be read or has malformed lines; each is named.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "show.uem")
    >>> _ = path.write_text("show 1 0.0 60.0")
    >>> read_uem(path)
    {'show': Timeline([(0.0, 60.0)])}
    """
    draft = Draft()
    parse(draft, read_text(path))
    if draft.problems:
        raise malformed(path, draft.problems)
    return draft.timelines()


def parse(draft: Draft, text: str) -> None:
    """Take the regions of a text, as turns of nobody, and what is wrong in it."""

    def parse_line(fields: list[str]) -> None:
        if len(fields) != 4:
            raise AnnotationError(
                f"{len(fields)} fields, expected 4: recording channel start end"
                " (names without whitespace)"
            )
        start, end = seconds(fields[2], "start"), seconds(fields[3], "end")
        if end <= start:
            raise AnnotationError(f"end is {fields[3]}, expected above the start {fields[2]}")
        draft.turns.setdefault((fields[0], fields[1]), []).append((start, end, NOBODY))

    draft.each_line(text, parse_line)


def write_uem(timelines: Mapping[str, Timeline], path: str | os.PathLike[str]) -> None:
    """Write regions as UEM, sorted by recording, then time; times in milliseconds.

    The file appears whole or not at all; a region that rounds to nothing is left out.

    Parameters
    ----------
    timelines : mapping of str to Timeline
        Regions by name of recording.
    path : path
        Where to write; an existing file is replaced.

    Raises
    ------
    AnnotationError
        If a name is empty, holds whitespace, or a region starts before zero.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "show.uem")
    >>> write_uem({"show": Timeline([(0, 60)])}, path)
    >>> path.read_text()
    'show 1 0.000 60.000\\n'
    """
    regions = [
        Annotation(recording, [(region.start, region.end, NOBODY) for region in timeline])
        for recording, timeline in timelines.items()
    ]
    write_atomic(path, render(regions))


def render(annotations: Sequence[Annotation]) -> str:
    """Return turns as regions, whoever speaks in them."""
    return "".join(
        f"{annotation.recording} 1 {start:.3f} {end:.3f}\n"
        for annotation in writable(annotations, _name)
        for start, end in ((round(turn.start, 3), round(turn.end, 3)) for turn in annotation)
        if end > start
    )


def _name(name: str, kind: str) -> str:
    return name if kind == "speaker" else writable_name(name, kind)
