"""trfast evaluate: the diarization error of RTTM files."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.evaluation import DiarizationError, ErrorTimes, diarization_error
from trfast.formats import read_rttm, read_uem

NAMES_LISTED = 10


@click.command()
@click.argument("reference", type=click.Path(path_type=Path))
@click.argument("hypothesis", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--uem", type=click.Path(path_type=Path), help="Score only the time in this UEM file."
)
@click.option(
    "--collar",
    default=0.25,
    show_default=True,
    help="Seconds left out on each side of every reference boundary.",
)
@click.option("--skip-overlap", is_flag=True, help="Leave overlapped reference speech out.")
@click.option(
    "--across-recordings",
    is_flag=True,
    help="Also X-DER: a name is one speaker in the whole collection.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def evaluate(
    reference: Path,
    hypothesis: tuple[Path, ...],
    uem: Path | None,
    collar: float,
    skip_overlap: bool,
    across_recordings: bool,
    as_json: bool,
) -> None:
    """Score RTTM files against a reference: diarization error (DER) and its components.

    REFERENCE is a RTTM file or a folder of them; HYPOTHESIS one or more of either. I-DER maps
    speakers for each recording, X-DER once for the collection. The mapping is one to one and
    the best for what is scored.
    """
    annotations = _read((reference,)), _read(hypothesis)
    regions = None if uem is None else read_uem(uem)
    scores = {
        name: diarization_error(
            *annotations,
            uem=regions,
            collar=collar,
            skip_overlap=skip_overlap,
            across_recordings=across,
        )
        for name, across in [("I-DER", False), ("X-DER", True)][: 1 + across_recordings]
    }
    if as_json:
        click.echo(json.dumps(_as_json(scores, uem), indent=2))
    else:
        _print(scores)
        if uem is not None:
            click.echo(f"UEM: {uem}")


def _read(paths: Sequence[Path]) -> dict[str, Annotation]:
    """Read RTTM files and folders of them into one collection."""
    annotations: dict[str, Annotation] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        files = sorted(path.glob("*.rttm")) if path.is_dir() else [path]
        if not files:
            raise AnnotationError(f"{path}: a folder without .rttm files. Give one that has some")
        for file in files:
            for recording, annotation in read_rttm(file).items():
                if recording in annotations:
                    raise AnnotationError(
                        f"recording {recording} is in {origin[recording]} and in {file},"
                        " expected in one file. Give one of the two"
                    )
                annotations[recording], origin[recording] = annotation, file
    return annotations


def _as_json(scores: dict[str, DiarizationError], uem: Path | None) -> dict[str, Any]:
    first = scores["I-DER"]
    return {
        "conventions": {
            "collar_each_side": first.collar,
            "overlap_scored": not first.skip_overlap,
            "uem": None if uem is None else str(uem),
            "unit": "seconds of speaker time; error_rate is a fraction, null if nothing is scored",
        },
        "missing": first.missing,
        "unscored": first.unscored,
    } | {
        name.lower().replace("-", "_"): {
            "conventions": score.conventions,
            "total": _times_as_json(score.total),
            "recordings": {
                recording: _times_as_json(times) | {"mapping": score.mapping[recording]}
                for recording, times in score.recordings.items()
            },
        }
        for name, score in scores.items()
    }


def _times_as_json(times: ErrorTimes) -> dict[str, Any]:
    return {
        "scored": times.scored,
        "missed": times.missed,
        "false_alarm": times.false_alarm,
        "speaker_error": times.speaker_error,
        "error_rate": None if math.isnan(times.error_rate) else times.error_rate,
    }


def _print(scores: dict[str, DiarizationError]) -> None:
    first = scores["I-DER"]
    table = Table(
        Column("Recording", no_wrap=True, overflow="fold"), box=SIMPLE_HEAD, padding=(0, 1)
    )
    for heading in ("Scored\ns", "Missed\n% (s)", "False alarm\n% (s)"):
        table.add_column(heading, justify="right")
    for name in scores:
        table.add_column(f"Speaker error, {name[0]}\n% (s)", justify="right")
        table.add_column(f"{name}\n%", justify="right", style="bold")
    for recording in first.recordings:
        _add_row(table, recording, [score.recordings[recording] for score in scores.values()])
    table.add_section()
    _add_row(table, f"All ({len(first.recordings)})", [score.total for score in scores.values()])
    # A pipe has no width: cut and fold nothing.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1000)
    console.print(table)
    for name, score in scores.items():
        console.print(f"{name}: {score.conventions}", soft_wrap=True)
    for text, names in (
        ("Not in the hypothesis, all missed", first.missing),
        ("Not scored (not in the reference, or not in the UEM)", first.unscored),
    ):
        if names:
            console.print(f"{text}: {_listed(names)}", style="yellow", soft_wrap=True)


def _add_row(table: Table, name: str, times: Sequence[ErrorTimes]) -> None:
    first = times[0]

    def cell(seconds: float) -> str:
        return f"{_percent(seconds / (first.scored or math.nan))} ({seconds:.1f})"

    cells = [f"{first.scored:.1f}", cell(first.missed), cell(first.false_alarm)]
    for row in times:
        cells += [cell(row.speaker_error), _percent(row.error_rate)]
    table.add_row(Text(name), *cells)


def _percent(fraction: float) -> str:
    return "-" if math.isnan(fraction) else f"{100 * fraction:.2f}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - NAMES_LISTED
    return ", ".join(names[:NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")
