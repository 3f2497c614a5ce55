"""UEM, NIST's format for what is to be scored: recording, channel, start, end."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping

from trfast._files import write_atomic
from trfast.annotation import Timeline
from trfast.errors import AnnotationError
from trfast.formats._records import read_records, seconds, writable_name


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
    regions: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def parse(fields: list[str]) -> None:
        if len(fields) != 4:
            raise AnnotationError(
                f"{len(fields)} fields, expected 4: recording channel start end"
                " (names without whitespace)"
            )
        start, end = seconds(fields[2], "start"), seconds(fields[3], "end")
        if end <= start:
            raise AnnotationError(f"end is {fields[3]}, expected above the start {fields[2]}")
        regions[fields[0]].append((start, end))

    read_records(path, parse)
    return {recording: Timeline(listed) for recording, listed in regions.items()}


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
    lines = []
    for recording, timeline in sorted(timelines.items()):
        writable_name(recording, "recording")
        for region in timeline:
            if region.start < 0:
                raise AnnotationError(f"{recording}: {region} starts before 0. Clip it first")
            start, end = round(region.start, 3), round(region.end, 3)
            if end > start:
                lines.append(f"{recording} 1 {start:.3f} {end:.3f}\n")
    write_atomic(path, "".join(lines))
