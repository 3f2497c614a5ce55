"""trfast run: diarize, link, and say what was found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _common, _formats, _options, _voices

if TYPE_CHECKING:
    from rich.table import Table

    from trfast.collection import Collection, Failure
    from trfast.comparison import Comparison
    from trfast.diarization import Job

N_LISTED = 10


@click.command(short_help="Diarize, and find the same speakers across recordings.")
@_options.recording_options
@_formats.FORMAT
@click.option(
    "--threshold-within",
    type=float,
    help="Similarity from which two segments of a recording are one speaker, with --segments, for"
    f" which it stands: {_options.UNITS}",
)
@click.option(
    "--threshold-across",
    type=float,
    help="Similarity from which speakers of two recordings are the same: with average linkage,"
    f" of a model that has a cohort, standard deviations above strangers; else {_options.UNITS}",
)
@click.option(
    "--new-only",
    is_flag=True,
    help="Link only what is new, with the speakers that are there, where that is sure.",
)
@_options.VOICE_MARGIN
def run(
    given: _options.Given,
    formats: tuple[str, ...],
    threshold_within: float | None,
    threshold_across: float | None,
    new_only: bool,
    voice_margin: float | None,
) -> None:
    """Diarize recordings, and find the same speakers across all of them.

    Writes collection.sqlite, collection.rttm and collection.html, where speakers have one
    name in all recordings, to the output folder; with --format, the turns in other formats than
    RTTM. A run that was stopped goes on where it stopped when the same command is given again;
    later runs into the same folder add to it. With -o -, nothing but the turns is kept.

    --backend and --clustering say what links speakers across recordings; with --segments, what
    joins segments within them, too.

    Folders are searched for audio files, with all folders below them. A recording that fails
    stops no other: those are listed at the end, and the exit status is 1.
    """
    from trfast.cli._progress import Watch
    from trfast.collection import Collection

    files, refused = _common.find_recordings(given.paths)
    marks, counts = given.marks(), given.counts()
    model, diarizer = given.diarizer(threshold_within, "--threshold-within")
    across = _options.across(  # its errors come before hours of work
        model, given.backend, given.clustering, threshold_across, "--threshold-across"
    )
    n_least = len(files) + (given.channels == "split")
    _formats.check_output(given.output, formats, n_least, quiet=not given.profile)
    to_stdout = given.output == _formats.STDOUT
    folder = given.output if to_stdout else _common.make_folder(given.output)
    jobs: list[Job] = []
    with (
        _common.cluster(given.dask, given.jobs) as executor,
        Collection(":memory:" if to_stdout else folder / "collection.sqlite") as collection,
    ):
        start = time.perf_counter()
        with Watch(quiet=given.quiet) as watch:
            failures = collection.add_all(
                files,
                diarizer=diarizer,
                speech=marks,
                channel=given.taken_channel,
                speaker_counts=counts,
                executor=executor,
                jobs=given.jobs,
                planned=jobs.extend,
                progress=watch.progress,
            )
        seconds = time.perf_counter() - start
        linked = collection.link(
            model,
            comparison=across,
            voice_margin=voice_margin,
            new_only=new_only,
            executor=executor,
        )
        if new_only and not given.quiet and not to_stdout:
            because = "; ".join(linked.because)
            click.echo("linked what is new" if linked.new_only else f"linked all: {because}")
        if to_stdout:
            _formats.print_turns(collection.annotations(), *formats)
        else:
            write_outputs(collection, folder, formats)
        if not given.quiet and not to_stdout:
            n_new = len(jobs) - len(failures)
            speed = watch.audio / seconds if n_new else None
            how = _thresholds(diarizer.comparison, across)
            _show(_summary(collection, how, n_new, len(refused), speed))
            _voices.tell(collection, linked)
            names = {job.name for job in jobs}
            _list_earlier([f for f in collection.failures() if f.recording not in names])
        if given.profile:
            watch.show_profile()
    _common.exit_with([*failures, *refused], len(jobs) + len(refused))


def write_outputs(collection: Collection, folder: Path, formats: Sequence[str] = ()) -> None:
    """Write the turns, in the formats that are asked for or there already, and collection.html."""
    from trfast.report import write_collection_report

    write_collection_report(collection, folder / "collection.html")
    wanted = dict.fromkeys([*(formats or ["rttm"]), *_formats.written_before(folder)])
    _formats.write_all(collection.annotations(), folder, list(wanted))


def _thresholds(within: Comparison | None, across: Comparison) -> str:
    inside = "by windows" if within is None else _with_unit(within)
    return (
        f"{across.backend.name} {across.clustering}: {inside} within, {_with_unit(across)} across"
    )


def _with_unit(comparison: Comparison) -> str:
    threshold = f"{comparison.threshold:.4g}"
    if comparison.normalized:
        return f"{threshold} deviations"
    return f"{'cosine' if comparison.backend.is_cosine else 'log-likelihood ratio'} {threshold}"


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
