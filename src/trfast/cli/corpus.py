"""trfast corpus: what collections are made of."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from trfast.cli import _options, _output, _tables
from trfast.cli._formats import read_annotations
from trfast.evaluation import CorpusCounts, corpus_counts
from trfast.formats import read_uem
from trfast.report import hours


@click.command(short_help="Count recordings, speech and speakers of collections.")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=_options.PathType(),
    metavar="COLLECTION_OR_RTTM...",
)
def corpus(paths: tuple[Path, ...]) -> None:
    """Count recordings, speech and speakers, those who recur, and their share of the speech.

    A column each: a labelled collection (a folder with ref.rttm and, if not all counts,
    all.uem), a RTTM file, or a folder of RTTM files. Speakers have to be named alike in all
    recordings.
    """
    counts = {str(path): _count(path) for path in paths}
    table = _tables.table("", [])
    for path in counts:
        table.add_column(Text(path), justify="right")
    columns = [_rows(count) for count in counts.values()]
    for heading in columns[0]:
        table.add_row(heading, *(column[heading] for column in columns))
    _output.report(lambda: counts, lambda: _tables.console().print(table), asked=True)


def _count(path: Path) -> CorpusCounts:
    labelled = path / "ref.rttm"
    annotations = read_annotations((labelled if labelled.exists() else path,))
    uem = path / "all.uem"
    return corpus_counts(annotations, uem=read_uem(uem) if uem.exists() else None)


def _rows(counts: CorpusCounts) -> dict[str, str]:
    return {
        "Recordings": str(counts.recordings),
        "Duration": hours(counts.duration),
        "Speech": hours(counts.speech),
        "Speakers": str(counts.speakers),
        "One-time speakers": str(counts.one_time),
        "Recurring speakers (2+ recordings)": str(counts.recurring),
        "Recurring speakers (3+ recordings)": str(counts.frequent),
        "One-time speakers, % of speaker time": _tables.percent(counts.one_time_share),
        "Recurring (2+), % of speaker time": _tables.percent(counts.recurring_share),
        "Recurring (3+), % of speaker time": _tables.percent(counts.frequent_share),
        "Mean speaker time a recording, s": f"{counts.mean_speaker_time:.1f}",
    }
