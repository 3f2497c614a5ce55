"""trfast diarize: who speaks when in each recording."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast.cli import _common, _formats, _given, _options, _output

if TYPE_CHECKING:
    from trfast.diarization import Diarization


@click.command(short_help="Find who speaks when: a file a recording.")
@_given.recording_options
@_formats.FORMAT
@click.option(
    "--threshold",
    type=float,
    help=f"Similarity from which two segments are one speaker, with --segments: {_options.UNITS}",
)
def diarize(given: _given.Given, formats: tuple[str, ...], threshold: float | None) -> None:
    """Find who speaks when, and write one RTTM a recording to the output folder, or, with --format,
    a file of each format.

    Folders are searched for audio files, with all folders below them. A recording that fails
    stops no other: those are listed at the end, and the exit status is 1.

    --backend, --clustering and --threshold compare segments: any of them stands for --segments.
    """
    from trfast.cli._progress import Watch
    from trfast.collection import Failure
    from trfast.errors import AnnotationError
    from trfast.execution import diarize_all, make_jobs
    from trfast.execution.progress import Tally

    files, failures = _common.find_recordings(given.paths)
    n_others = len(failures)
    marks, counts = given.marks(), given.counts()
    compared = given.backend is not None or given.clustering is not None
    _, diarizer = given.diarizer(threshold, "--threshold", segments=compared)
    todo, refused = make_jobs(
        files, speech=marks, channel=given.taken_channel, track=given.track, speaker_counts=counts
    )
    planned = [*todo, *(outcome.item for outcome in refused)]
    _formats.check_output(given.output, formats, len(todo), profile=given.profile)
    to_stdout, printed = given.output == _formats.STDOUT, []
    entries: list[dict[str, Any]] = []
    folder = given.output if to_stdout else _common.make_folder(given.output)
    with (
        _common.cluster(given.dask, given.jobs) as executor,
        Watch(quiet=_output.is_quiet()) as watch,
    ):
        tally = Tally(planned, watch.progress)
        done = diarize_all(diarizer, todo, executor=executor, jobs=given.jobs, moved=tally.moved)
        for outcome in chain(refused, done):
            job = outcome.item
            if outcome.result is not None and to_stdout:
                printed.append(outcome.result.annotation)
            elif outcome.result is not None:
                try:
                    written = _formats.write_each(outcome.result.annotation, folder, formats)
                    entries.append(_entry(outcome.result, written))
                except AnnotationError as error:  # a format that cannot hold it
                    failures.append(Failure.of(job.name, str(job.source), error))
            elif outcome.error is not None:
                failures.append(Failure.of(job.name, str(job.source), outcome.error))
            tally.finished(outcome)
    if to_stdout:
        _formats.print_turns(printed, *formats)

    def as_json() -> dict[str, Any]:
        return {
            "recordings": sorted(entries, key=itemgetter("recording")),
            "failed": _common.failed(failures),
            "warnings": watch.warnings,
            "cpu_seconds": watch.profile,
        }

    def in_words() -> None:
        if given.profile:
            watch.show_profile()

    _output.report(as_json, in_words, asked=True)
    watch.show_warnings()
    _common.exit_with(failures, len(planned) + n_others)


def _entry(found: Diarization, files: Sequence[Path]) -> dict[str, Any]:
    return {
        "recording": found.recording,
        "files": files,
        "duration": found.duration,
        "speakers": dict(zip(found.speakers, found.speech_durations.tolist(), strict=True)),
    }
