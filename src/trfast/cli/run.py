"""trfast run: diarize, link, and say what was found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _common

if TYPE_CHECKING:
    from rich.table import Table

    from trfast.collection import Collection, Failure
    from trfast.comparison import Comparison

N_LISTED = 10


@click.command(short_help="Diarize, and find the same speakers across recordings.")
@_common.recording_options
@click.option(
    "--threshold-within",
    type=float,
    help="Similarity from which two segments of a recording are one speaker, with --segments, for"
    f" which it stands: {_common.UNITS}",
)
@click.option(
    "--threshold-across",
    type=float,
    help="Similarity from which speakers of two recordings are the same: with average linkage,"
    f" of a model that has a cohort, standard deviations above strangers; else {_common.UNITS}",
)
@click.option(
    "--new-only",
    is_flag=True,
    help="Link only what is new, with the speakers that are there, where that is sure.",
)
def run(
    given: _common.Given,
    threshold_within: float | None,
    threshold_across: float | None,
    new_only: bool,
) -> None:
    """Diarize recordings, and find the same speakers across all of them.

    Writes collection.sqlite, collection.rttm and collection.html, where speakers have one
    name in all recordings, to the output folder. A run that was stopped goes on where it
    stopped when the same command is given again; later runs into the same folder add to it.

    --backend and --clustering say what links speakers across recordings; with --segments, what
    joins segments within them, too.

    Folders are searched for audio files, with all folders below them. A recording that fails
    stops no other: those are listed at the end, and the exit status is 1.
    """
    from trfast.cli._progress import Watch
    from trfast.collection import Collection

    files, refused = _common.find_recordings(given.paths)
    marks, counts = _common.read_speech(given.speech), given.counts()
    model, diarizer = given.diarizer(threshold_within, "--threshold-within")
    across = _common.across(  # its errors come before hours of work
        model, given.backend, given.clustering, threshold_across, "--threshold-across"
    )
    folder = _common.make_folder(given.output)
    with (
        _common.cluster(given.dask, given.jobs) as executor,
        Collection(folder / "collection.sqlite") as collection,
    ):
        start = time.perf_counter()
        with Watch(quiet=given.quiet) as watch:
            failures = collection.add_all(
                files,
                diarizer=diarizer,
                speech=marks,
                channel=given.channel,
                speaker_counts=counts,
                executor=executor,
                jobs=given.jobs,
                planned=watch.planned,
                progress=watch.progress,
            )
        seconds = time.perf_counter() - start
        linked = collection.link(model, comparison=across, new_only=new_only, executor=executor)
        if new_only and not given.quiet:
            because = "; ".join(linked.because)
            click.echo("linked what is new" if linked.new_only else f"linked all: {because}")
        write_outputs(collection, folder)
        if not given.quiet:
            n_new = len(watch.jobs) - len(failures)
            speed = watch.audio / seconds if n_new else None
            how = _thresholds(diarizer.comparison, across)
            _show(_summary(collection, how, n_new, len(refused), speed))
            names = {job.name for job in watch.jobs}
            _list_earlier([f for f in collection.failures() if f.recording not in names])
        if given.profile:
            watch.show_profile()
    _common.exit_with([*failures, *refused], len(watch.jobs) + len(refused))


def write_outputs(collection: Collection, folder: Path) -> None:
    """Write collection.rttm and collection.html."""
    from trfast.report import write_report

    collection.to_rttm(folder / "collection.rttm")
    durations = {recording.name: recording.duration for recording in collection.recordings()}
    write_report(collection.annotations(), folder / "collection.html", durations=durations)


def _thresholds(within: Comparison | None, across: Comparison) -> str:
    score = "cosine" if across.backend.is_cosine else "log-likelihood ratio"
    inside = "by windows" if within is None else f"{within.threshold:.4g}"
    unit = " deviations" if across.normalized else ""
    return (
        f"{across.backend.name} {across.clustering}, {score}:"
        f" {inside} within, {across.threshold:.4g}{unit} across"
    )


def _show(tables: Sequence[Table]) -> None:
    from rich.console import Console

    console = Console()
    for table in tables:
        console.print(table)


def _summary(
    collection: Collection, how: str, n_new: int, n_refused: int, speed: float | None
) -> list[Table]:
    from rich.table import Table

    from trfast.report import hours

    recordings, speakers = collection.recordings(), collection.speakers()
    n_failed = len(collection.failures()) + n_refused
    recurring = [speaker for speaker in speakers if speaker.n_recordings > 1]
    total = Table(show_header=False, box=None)
    total.add_column(style="bold")
    new = f", {n_new} of them now" if n_new < len(recordings) else ""
    failed = f"; {n_failed} failed" if n_failed else ""
    total.add_row("recordings", f"{len(recordings)}{new}{failed}")
    total.add_row("audio", hours(sum(recording.duration for recording in recordings)))
    total.add_row("speech", hours(sum(recording.speech for recording in recordings)))
    total.add_row("speakers", f"{len(speakers)}; {len(recurring)} in more than one recording")
    total.add_row("thresholds", how)
    if speed is not None:
        total.add_row("speed", f"{speed:.0f} times real time")
    if not recurring:
        return [total]
    recurring.sort(key=lambda speaker: (-speaker.n_recordings, -speaker.speech, speaker.name))
    listed = Table("speaker", box=None, title="Heard in most recordings", title_justify="left")
    listed.add_column("recordings", justify="right")
    listed.add_column("speech", justify="right")
    for speaker in recurring[:N_LISTED]:
        listed.add_row(speaker.name, str(speaker.n_recordings), hours(speaker.speech))
    return [total, listed]


def _list_earlier(failures: Sequence[Failure]) -> None:
    if failures:
        click.echo(f"{len(failures)} failed in earlier runs, and were not given now:")
    for failure in failures[:N_LISTED]:
        click.echo(f"  {failure.recording}: {failure.error}")
    if len(failures) > N_LISTED:
        click.echo(f"  and {len(failures) - N_LISTED} more")
