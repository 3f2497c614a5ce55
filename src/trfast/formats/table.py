"""CSV with a header: recording, start, end, speaker; like CTM, it may have channel and duration."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import any_name, seconds, writable

COLUMNS = ("recording", "start", "end", "speaker")
_KNOWN = {*COLUMNS, "duration", "channel"}


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it; columns stand in any order, and others are
    left out."""
    columns: list[str] = []
    # The rows come with their ends as they are: a name may hold some.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in rows:
            first, line = line, rows.line_num + 1
            try:
                if columns:
                    _parse_row(draft, columns, cells)
                elif cells:
                    columns = _header(cells)
            except AnnotationError as error:
                draft.bad(first, error)
                if not columns:
                    return
    except csv.Error as error:
        draft.bad(line, f"{error}: nothing is read from here on")
    if not columns and not draft.problems:
        draft.bad(1, f"no header, expected {','.join(COLUMNS)}")
    for column in columns:
        draft.left_out[f"column {column}"] += column not in _KNOWN


def _header(cells: list[str]) -> list[str]:
    columns = [cell.strip() for cell in cells]
    one_end = ("end" in columns) != ("duration" in columns)
    missing = [column for column in COLUMNS if column != "end" and column not in columns]
    if missing or not one_end or any(columns.count(column) > 1 for column in _KNOWN):
        raise AnnotationError(
            f"the header is {','.join(cells)!r}, expected {','.join(COLUMNS)}, each once, or"
            " duration in place of end"
        )
    return columns


def _parse_row(draft: Draft, columns: list[str], cells: list[str]) -> None:
    if not cells:
        return
    if len(cells) != len(columns):
        raise AnnotationError(f"{len(cells)} fields, expected {len(columns)}: {','.join(columns)}")
    row = dict(zip(columns, cells, strict=True))
    for column in ("recording", "speaker"):
        if not row[column]:
            raise AnnotationError(f"{column} is empty, expected a name")
    start = seconds(row["start"], "start")
    if "end" in row:
        end = seconds(row["end"], "end")
    else:
        end = round(start + seconds(row["duration"], "duration"), 9)
    draft.add(
        start, end, row["speaker"], recording=row["recording"], channel=row.get("channel", "")
    )


def render(annotations: Sequence[Annotation]) -> str:
    """Return turns as CSV; times have all their digits."""
    rows = (
        f"{_quoted(annotation.recording)},{float(turn.start)!r},{float(turn.end)!r}"
        f",{_quoted(turn.speaker)}\n"
        for annotation in writable(annotations, not_empty)
        for turn in annotation
    )
    return "".join([",".join(COLUMNS) + "\n", *rows])


def _quoted(name: str) -> str:
    """Quote a name that needs it; Python's writer knows of \\r since 3.13 only."""
    if not any(letter in name for letter in ',"\r\n'):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def not_empty(name: str, kind: str) -> str:
    """Return `name` if it is Unicode, and any at all."""
    if not name:
        raise AnnotationError(f"a {kind} has no name, expected one. Rename it first")
    return any_name(name, kind)
