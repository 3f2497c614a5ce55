"""trfast diarize: one RTTM a recording."""

from __future__ import annotations

from itertools import chain

import click

from trfast.cli import _common


@click.command(short_help="Find who speaks when: one RTTM a recording.")
@_common.recording_options
@click.option(
    "--threshold",
    type=float,
    help=f"Similarity from which two segments are one speaker, with --segments: {_common.UNITS}",
)
def diarize(given: _common.Given, threshold: float | None) -> None:
    """Find who speaks when, and write one RTTM a recording to the output folder.

    Folders are searched for audio files, with all folders below them. A recording that fails
    stops no other: those are listed at the end, and the exit status is 1.

    --backend, --clustering and --threshold compare segments: any of them stands for --segments.
    """
    from trfast.audio import file_name
    from trfast.cli._progress import Watch
    from trfast.collection import Failure
    from trfast.execution import diarize_all, make_jobs
    from trfast.formats import write_rttm

    files, failures = _common.find_recordings(given.paths)
    n_others = len(failures)
    marks, counts = _common.read_speech(given.speech), given.counts()
    compared = given.backend is not None or given.clustering is not None
    _, diarizer = given.diarizer(threshold, "--threshold", segments=compared)
    todo, refused = make_jobs(files, speech=marks, channel=given.channel, speaker_counts=counts)
    folder = _common.make_folder(given.output)
    with (
        _common.cluster(given.dask, given.jobs) as executor,
        Watch(quiet=given.quiet) as watch,
    ):
        watch.planned([*todo, *(outcome.item for outcome in refused)])
        done = diarize_all(diarizer, todo, executor=executor, jobs=given.jobs)
        for outcome in chain(refused, done):
            job = outcome.item
            if outcome.result is not None:
                write_rttm(outcome.result.annotation, folder / file_name(job.name, ".rttm"))
            elif outcome.error is not None:
                failures.append(Failure.of(job.name, str(job.source), outcome.error))
            watch.progress(outcome)
    if given.profile:
        watch.show_profile()
    _common.exit_with(failures, len(watch.jobs) + n_others)
