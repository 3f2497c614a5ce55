"""trfast diarize: one RTTM a recording."""

from __future__ import annotations

from pathlib import Path

import click

from trfast.cli import _common


@click.command(short_help="Find who speaks when: one RTTM a recording.")
@_common.recording_options
@click.option(
    "--threshold",
    type=float,
    help=f"Similarity from which two segments are one speaker: {_common.UNITS}",
)
def diarize(
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
    threshold: float | None,
) -> None:
    """Find who speaks when, and write one RTTM a recording to the output folder.

    Folders are searched for audio files, with all folders below them. A recording that fails
    stops no other: those are listed at the end, and the exit status is 1.
    """
    from trfast.audio import find_audio, name_recordings
    from trfast.collection import Failure
    from trfast.execution import diarize_all
    from trfast.formats import write_rttm

    _common.split_missing(paths)  # an error if none exists; else the missing are listed
    sources = name_recordings(find_audio(paths))
    marks = _common.read_speech(speech)
    _, diarizer = _common.load_diarizer(
        model,
        backend=backend,
        clustering=clustering,
        threshold=threshold,
        option="--threshold",
        detector=detector,
    )
    folder = _common.make_folder(output)
    failures = []
    times = _common.Profile()
    with _common.progress_bar(sources, quiet=quiet) as advance:
        for outcome in diarize_all(diarizer, sources, speech=marks, channel=channel, jobs=jobs):
            if outcome.result is not None:
                write_rttm(outcome.result.annotation, folder / f"{outcome.item}.rttm")
            elif outcome.error is not None:
                source = str(sources[outcome.item])
                failures.append(Failure.of(outcome.item, source, outcome.error))
            times.add(outcome)
            advance(outcome)
    if profile:
        times.show()
    _common.exit_with(sorted(failures, key=lambda f: f.recording), len(sources))
