"""trfast run: diarize, link, and say what was found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _common, _formats, _given, _options, _output, _voices

if TYPE_CHECKING:
    from trfast.collection import Collection
    from trfast.diarization import Job


@click.command(short_help="Diarize, and find the same speakers across recordings.")
@_given.recording_options
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
    given: _given.Given,
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
    from trfast.cli import _summary
    from trfast.cli._progress import Watch
    from trfast.collection import Collection

    files, refused = _common.find_recordings(given.paths)
    marks, counts = given.marks(), given.counts()
    model, diarizer = given.diarizer(threshold_within, "--threshold-within")
    across = _given.across(  # its errors come before hours of work
        model, given.backend, given.clustering, threshold_across, "--threshold-across"
    )
    n_least = len(files) + (given.channels == "split")
    _formats.check_output(given.output, formats, n_least, profile=given.profile)
    to_stdout = given.output == _formats.STDOUT
    folder = given.output if to_stdout else _common.make_folder(given.output)
    jobs: list[Job] = []
    with (
        _common.cluster(given.dask, given.jobs) as executor,
        Collection(":memory:" if to_stdout else folder / "collection.sqlite") as collection,
    ):
        start = time.perf_counter()
        with Watch(quiet=_output.is_quiet()) as watch:
            failures = collection.add_all(
                files,
                diarizer=diarizer,
                speech=marks,
                channel=given.taken_channel,
                track=given.track,
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
        failed = [*failures, *refused]
        if to_stdout:
            _formats.print_turns(collection.annotations(), *formats)
        else:
            written = write_outputs(collection, folder, formats)
            given_now = {job.name for job in jobs}
            earlier = [one for one in collection.failures() if one.recording not in given_now]
            n_new = len(jobs) - len(failures)
            found = _summary.of_collection(collection) | {
                "new": n_new,
                "failed": _common.failed(failed),
                "failed_earlier": _common.failed(earlier),
                "within": _summary.of_comparison(diarizer.comparison),
                "across": _summary.of_comparison(across),
                "linked": asdict(linked),
                "voices": _voices.found(collection, linked),
                "warnings": watch.warnings,
                "speed": watch.audio / seconds if n_new else None,
                "cpu_seconds": watch.profile,
                "files": [folder / "collection.sqlite", *written],
            }
            _output.report(lambda: found, lambda: _summary.show(found, new_only=new_only))
        if given.profile and not _output.is_json():
            watch.show_profile()
    watch.show_warnings()
    _common.exit_with(failed, len(jobs) + len(refused))


def write_outputs(collection: Collection, folder: Path, formats: Sequence[str] = ()) -> list[Path]:
    """Write the turns, in the formats that are asked for or there already, and collection.html;
    return the files."""
    from trfast.report import write_collection_report

    page = folder / "collection.html"
    write_collection_report(collection, page)
    wanted = dict.fromkeys([*(formats or ["rttm"]), *_formats.written_before(folder)])
    return [page, *_formats.write_all(collection.annotations(), folder, list(wanted))]
