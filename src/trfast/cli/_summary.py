"""What `trfast run` says at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from trfast.cli import _voices
from trfast.report import hours

if TYPE_CHECKING:
    from trfast.collection import Collection, Recording
    from trfast.comparison import Comparison

N_LISTED = 10


def of_collection(collection: Collection) -> dict[str, Any]:
    """Count what is in a collection that is linked."""
    speakers = collection.speakers()
    recurring = [speaker for speaker in speakers if speaker.n_recordings > 1]
    recurring.sort(key=lambda speaker: (-speaker.n_recordings, -speaker.speech, speaker.name))
    return {
        **of_recordings(collection.recordings()),
        "speakers": len(speakers),
        "recurring_speakers": len(recurring),
        "most_recordings": [
            {"name": one.name, "recordings": one.n_recordings, "speech": one.speech}
            for one in recurring[:N_LISTED]
        ],
    }


def of_recordings(recordings: Sequence[Recording]) -> dict[str, Any]:
    """Count what is in them."""
    return {
        "recordings": len(recordings),
        "audio": sum(recording.duration for recording in recordings),
        "speech": sum(recording.speech for recording in recordings),
    }


def of_comparison(comparison: Comparison | None) -> dict[str, Any] | None:
    """Say what compares, and from which score on two are one; None: by windows."""
    if comparison is None:
        return None
    return {
        "backend": comparison.backend.name,
        "clustering": comparison.clustering,
        "threshold": comparison.threshold,
        "unit": _unit(comparison),
    }


def _unit(comparison: Comparison) -> str:
    if comparison.normalized:
        return "deviations"
    return "cosine" if comparison.backend.is_cosine else "log-likelihood ratio"


def show(found: Mapping[str, Any], *, new_only: bool) -> None:
    """Print all of it; what was linked if `new_only` was asked for."""
    if new_only:
        linked = found["linked"]
        what = "linked what is new" if linked["new_only"] else "linked all: "
        click.echo(what + "; ".join(linked["because"]))
    console = Console()
    console.print(_total(found))
    for file in found["files"]:
        click.echo(f" {file}")
    if found["most_recordings"]:
        console.print(_heard(found["most_recordings"]))
    for line in _voices.in_words(found["voices"]):
        click.echo(line)
    _list_earlier(found["failed_earlier"])


def _total(found: Mapping[str, Any]) -> Table:
    total = Table(show_header=False, box=None)
    total.add_column(style="bold")
    n_failed = len(found["failed"]) + len(found["failed_earlier"])
    new = f", {found['new']} of them now" if found["new"] < found["recordings"] else ""
    failed = f"; {n_failed} failed" if n_failed else ""
    total.add_row("recordings", f"{found['recordings']}{new}{failed}")
    total.add_row("audio", hours(found["audio"]))
    total.add_row("speech", hours(found["speech"]))
    recurring = f"{found['recurring_speakers']} in more than one recording"
    total.add_row("speakers", f"{found['speakers']}; {recurring}")
    within, across = found["within"], found["across"]
    inside = "by windows" if within is None else _with_unit(within)
    how = f"{across['backend']} {across['clustering']}"
    total.add_row("thresholds", f"{how}: {inside} within, {_with_unit(across)} across")
    if found["speed"] is not None:
        total.add_row("speed", f"{found['speed']:.0f} times real time")
    return total


def _with_unit(comparison: Mapping[str, Any]) -> str:
    threshold, unit = f"{comparison['threshold']:.4g}", comparison["unit"]
    return f"{threshold} {unit}" if unit == "deviations" else f"{unit} {threshold}"


def _heard(speakers: Sequence[Mapping[str, Any]]) -> Table:
    listed = Table("speaker", box=None, title="Heard in most recordings", title_justify="left")
    listed.add_column("recordings", justify="right")
    listed.add_column("speech", justify="right")
    for one in speakers:
        listed.add_row(one["name"], str(one["recordings"]), hours(one["speech"]))
    return listed


def _list_earlier(failures: Sequence[Mapping[str, Any]]) -> None:
    if failures:
        click.echo(f"{len(failures)} failed in earlier runs, and were not given now:")
    for failure in failures[:N_LISTED]:
        click.echo(f"  {failure['recording']}: {failure['error']}")
    if len(failures) > N_LISTED:
        click.echo(f"  and {len(failures) - N_LISTED} more")
