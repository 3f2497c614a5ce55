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
    from trfast.diarization import Diarization
    from trfast.execution import Outcome

N_LISTED = 10


@click.command(short_help="Diarize, and find the same speakers across recordings.")
@_common.recording_options
@click.option(
    "--threshold-within",
    type=float,
    help=f"Similarity from which two segments of a recording are one speaker: {_common.UNITS}",
)
@click.option(
    "--threshold-across",
    type=float,
    help=f"Similarity from which speakers of two recordings are the same: {_common.UNITS}",
)
def run(
    paths: tuple[Path, ...],
    output: Path,
    model: Path | None,
    backend: str | None,
    clustering: str | None,
    jobs: int | None,
    speech: Path | None,
    channel: int | None,
    detector: str,
    quiet: bool,
    profile: bool,
    threshold_within: float | None,
    threshold_across: float | None,
) -> None:
    """Diarize recordings, and find the same speakers across all of them.

    Writes collection.sqlite, collection.rttm and collection.html, where speakers have one
    name in all recordings, to the output folder. A run that was stopped goes on where it
    stopped when the same command is given again; later runs into the same folder add to it.

    Folders are searched for audio files, with all folders below them. A recording that fails
    stops no other: those are listed at the end, and the exit status is 1.
    """
    from trfast.audio.files import find_audio
    from trfast.collection import Collection, Failure
    from trfast.errors import AudioError
    from trfast.report import write_report

    there, missing = _common.split_missing(paths)
    files = find_audio(there)
    marks = _common.read_speech(speech)
    bundle, diarizer = _common.load_diarizer(
        model,
        backend=backend,
        clustering=clustering,
        threshold=threshold_within,
        option="--threshold-within",
        detector=detector,
    )
    # Not after hours of work.
    if threshold_across is not None:
        bundle.backend(backend).check_threshold(threshold_across, "--threshold-across")
    across = bundle.across(backend, clustering, threshold_across)
    folder = _common.make_folder(output)
    times = _common.Profile()
    with Collection(folder / "collection.sqlite") as collection:
        sources = collection.name_sources(files)
        collection.check_model(bundle, sources)
        todo = collection.pending(sources, diarizer=diarizer, speech=marks, channel=channel)
        start = time.perf_counter()
        with _common.progress_bar(todo, quiet=quiet) as advance:

            def note(outcome: Outcome[str, Diarization]) -> None:
                times.add(outcome)
                advance(outcome)

            failures = collection.add_all(
                todo, diarizer=diarizer, speech=marks, channel=channel, jobs=jobs, progress=note
            )
        seconds = time.perf_counter() - start
        n_new = len(todo) - len(failures)
        collection.link(bundle, comparison=across)
        collection.to_rttm(folder / "collection.rttm")
        durations = {recording.name: recording.duration for recording in collection.recordings()}
        write_report(collection.annotations(), folder / "collection.html", durations=durations)
        if not quiet:
            from rich.console import Console

            score = "cosine" if across.backend.is_cosine else "log-likelihood ratio"
            how = (
                f"{across.backend.name} {across.clustering}, {score}:"
                f" {diarizer.comparison.threshold:.4g} within, {across.threshold:.4g} across"
            )
            console = Console()
            for table in _summary(collection, how, n_new, len(missing), times.audio, seconds):
                console.print(table)
            _list_earlier([f for f in collection.failures() if f.recording not in todo])
        if profile:
            times.show()
    # A mistyped path is told, but not kept: it is no recording.
    failures += [
        Failure.of(path.stem, str(path), AudioError(f"{path} does not exist. Check the path."))
        for path in missing
    ]
    _common.exit_with(sorted(failures, key=lambda f: f.recording), len(todo) + len(missing))


def _summary(
    collection: Collection, how: str, n_new: int, n_missing: int, audio: float, seconds: float
) -> list[Table]:
    from rich.table import Table

    from trfast.report import hours

    recordings, speakers = collection.recordings(), collection.speakers()
    n_failed = len(collection.failures()) + n_missing
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
    if n_new:
        total.add_row("speed", f"{audio / seconds:.0f} times real time")
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
