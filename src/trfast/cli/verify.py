"""trfast verify: how well the back-ends of a model tell speakers apart."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast._names import BackendName
from trfast.cli import _common, _options, _output

if TYPE_CHECKING:
    from trfast.model import ModelBundle
    from trfast.training import SpeakerVectors
    from trfast.training.labelled import LabelledCollection


@click.command(short_help="Measure how well the back-ends of a model tell speakers apart.")
@click.argument("collection", type=_options.PathType())
@click.option(
    "--backend",
    "names",
    type=_options.BACKEND,
    multiple=True,
    help="Back-end to measure; can be given again.  [default: all that the model has]",
)
@_options.MODEL
@_options.EMBEDDER
@click.option(
    "--det",
    type=_options.PathType(dir_okay=False),
    metavar="FILE",
    help="Draw the DET curves, too: .svg, .png or .pdf; needs trfast[plot].",
)
@_options.JOBS
@_options.DASK
def verify(
    collection: Path,
    names: tuple[BackendName, ...],
    model: Path | None,
    embedder: Path | None,
    det: Path | None,
    jobs: int | None,
    dask: str | None,
) -> None:
    """Is it the same speaker, yes or no? Print EER and minDCF (1 %) of each back-end.

    COLLECTION is a folder with audio/ and ref.rttm (speakers named alike in all recordings).
    One vector for each speaker in each recording, from all that they say alone there by the
    reference; every pair of vectors is a trial.
    """
    from trfast.cli._progress import stages_bar
    from trfast.evaluation import (
        equal_error_rate,
        minimum_dcf,
        verification_trials_of_scores,
    )
    from trfast.model import load_model
    from trfast.report.plots import check_plot_path, plot_det, save_plot
    from trfast.training.labelled import LabelledCollection
    from trfast.training.recordings import joined, over_recordings

    if det is not None:
        check_plot_path(det)  # before the work
    labelled = LabelledCollection.read(collection)
    bundle = load_model(model, embedder=embedder)
    backends = [bundle.backend(name) for name in dict.fromkeys(names or bundle.backends)]
    of_recording = partial(_vectors, collection=labelled, bundle=bundle)
    with _common.cluster(dask, jobs) as executor, stages_bar(quiet=_output.is_quiet()) as progress:
        vectors = partial(progress, "vectors")
        each = over_recordings(
            of_recording, labelled, executor=executor, jobs=jobs, progress=vectors
        )
        found = joined(each)
    trials = {}
    for backend in backends:
        similarities = backend.similarity(backend.project(found.vectors))
        trials[backend.name] = verification_trials_of_scores(similarities, found.speakers)
    errors = {name: (equal_error_rate(*own), minimum_dcf(*own)) for name, own in trials.items()}
    if det is not None:
        save_plot(plot_det(trials), det)
    _, targets = next(iter(trials.values()))
    n_targets = int(targets.sum())
    counts = {"target_pairs": n_targets, "non_target_pairs": len(targets) - n_targets}
    rows = {name: {"eer": eer, "min_dcf": dcf} for name, (eer, dcf) in errors.items()}
    entries = {"backends": rows, "vectors": len(found.vectors)} | counts

    def in_words() -> None:
        _print(errors)
        click.echo(
            f"{counts['target_pairs']} target and {counts['non_target_pairs']} non-target pairs of"
            f" {len(found.vectors)} vectors, one a speaker a recording"
        )

    _output.report(lambda: entries, in_words, asked=True)


def _vectors(name: str, *, collection: LabelledCollection, bundle: ModelBundle) -> SpeakerVectors:
    """One vector for each speaker of a recording."""
    from trfast.training import embedder_frames, reference_vectors

    frames = embedder_frames(collection.audio[name], bundle)
    reference = {name: collection.reference[name]}
    return reference_vectors({name: frames}, reference, bundle.embedder, bundle.mfcc)


def _print(errors: dict[str, tuple[float, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("back-end", box=None)
    table.add_column("EER %", justify="right")
    table.add_column("minDCF (1 %)", justify="right")
    for name, (eer, dcf) in errors.items():
        table.add_row(name, f"{100 * eer:.2f}", f"{dcf:.3f}")
    Console().print(table)
