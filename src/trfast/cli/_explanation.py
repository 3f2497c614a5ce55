"""How `trfast evaluate --explain` prints."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import Any

from rich.console import Console
from rich.text import Text

from trfast.cli import _tables
from trfast.evaluation import ErrorParts, Explanation

SPEAKERS_LISTED = 20
TAKERS_LISTED = 3


def as_json(found: Explanation) -> dict[str, Any]:
    """Return what JSON can hold."""
    return {
        "conventions": str(found.conventions),
        "total": _parts_as_json(found.total),
        "recordings": {name: _parts_as_json(parts) for name, parts in found.recordings.items()},
        "speakers": {
            name: asdict(errors) | {"error": errors.error}
            for name, errors in found.speakers.items()
        },
    }


def _parts_as_json(parts: ErrorParts) -> dict[str, Any]:
    return asdict(parts) | {"error_rate": parts.error_rate}


def show(console: Console, found: Explanation) -> None:
    """Print a table of recordings, and one of the speakers with the most error."""
    parts = ("Missed", "False alarm", "Segmentation", "Clustering", "Linking")
    recordings = _tables.table(
        "Recording", ["Scored\ns", *(f"{part}\n% (s)" for part in parts), "X-DER\n%"]
    )

    def add(name: str, row: ErrorParts) -> None:
        seconds = (row.missed, row.false_alarm, row.segmentation, row.clustering, row.linking)
        cells = [_tables.share(part, row.scored) for part in seconds]
        recordings.add_row(Text(name), f"{row.scored:.1f}", *cells, _tables.percent(row.error_rate))

    for name, row in found.recordings.items():
        add(name, row)
    recordings.add_section()
    add(f"All ({len(found.recordings)})", found.total)
    console.print(recordings)

    speakers = _tables.table(
        "Speaker",
        ["Scored\ns", "Missed\n% (s)", "Confused\nwithin\n% (s)", "Confused\nby linking\n% (s)"],
    )
    speakers.add_column("Named")
    speakers.add_column("Taken by (s)")
    for name, errors in islice(found.speakers.items(), SPEAKERS_LISTED):
        if errors.error == 0:
            break
        takers = islice(errors.taken_by.items(), TAKERS_LISTED)
        seconds = (errors.missed, errors.within, errors.linking)
        speakers.add_row(
            Text(name),
            f"{errors.scored:.1f}",
            *(_tables.share(part, errors.scored) for part in seconds),
            Text(errors.name or "-"),
            Text(", ".join(f"{taker} ({time:.1f})" for taker, time in takers)),
        )
    if speakers.row_count:
        console.print(speakers)
        if len(found.speakers) > speakers.row_count:
            console.print(
                f"The {speakers.row_count} of {len(found.speakers)} speakers with the most error;"
                " --json has all",
            )
    console.print(f"X-DER: {found.conventions}", soft_wrap=True)
