"""trfast tune: the thresholds of a model, from a labelled collection."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast._names import BackendName, DetectorName
from trfast.cli import _common, _given, _options, _output, _tables

if TYPE_CHECKING:
    from trfast.scoring.calibration import ScoreHistogram
    from trfast.training.tuning import TrialScores, Tuning

_WIDTH = 24


@click.command(short_help="Set the thresholds of a model on a labelled collection.")
@click.argument("collection", type=_options.PathType())
@_options.model_output("tuned.safetensors")
@_options.MODEL
@click.option(
    "--backend",
    "names",
    type=_options.BACKEND,
    multiple=True,
    help="Back-end to tune; can be given again.  [default: all that the model has]",
)
@click.option(
    "--keep-default",
    is_flag=True,
    help="Keep the model's default back-end and clustering, not those of the lowest X-DER.",
)
@_options.EMBEDDER
@_options.DETECTOR
@_options.JOBS
@_options.DASK
def tune(
    collection: Path,
    output: Path,
    model: Path | None,
    names: tuple[BackendName, ...],
    keep_default: bool,
    embedder: Path | None,
    detector: DetectorName | Path,
    jobs: int | None,
    dask: str | None,
) -> None:
    """Write a copy of a model with the thresholds of the least error on a collection.

    COLLECTION is a folder with audio/, ref.rttm (speakers named alike in all recordings, some
    of them in several) and, if not all is to be scored, all.uem.

    A table shows the thresholds of each back-end and clustering, and their errors (DER by
    recording, I-DER, and across recordings, X-DER; collar 0.25 s, overlap left out); a star
    marks the default. Below, the scores of the default back-end: pairs of one speaker and of
    two, one vector a speaker a recording. --json has them of all back-ends, with a calibration.
    """
    from trfast.cli._progress import stages_bar
    from trfast.model import load_model
    from trfast.training.labelled import LabelledCollection
    from trfast.training.tuning import tune_model

    labelled = LabelledCollection.read(collection)
    bundle, opened = load_model(model, embedder=embedder), _given.opened_detector(detector)
    _common.make_folder(output.parent)
    with (
        _common.cluster(dask, jobs) as executor,
        stages_bar(quiet=_output.is_quiet()) as progress,
    ):
        tuning = tune_model(
            bundle,
            labelled,
            backends=names,
            keep_default=keep_default,
            detector=opened,
            executor=executor,
            jobs=jobs,
            progress=progress,
        )
    tuning.model.save(output)

    def in_words() -> None:
        click.echo(f"{output}: thresholds of {len(labelled.reference)} recordings")
        _show(tuning)

    _output.report(lambda: _as_json(tuning), in_words)


def _as_json(tuning: Tuning) -> dict[str, Any]:
    default, made = tuning.model.clustering, tuning.model.provenance["tuned"]
    return {
        "default": {"backend": default.backend, "clustering": default.clustering},
        "backends": {
            name: made[name] | _scores_as_json(scores) for name, scores in tuning.scores.items()
        },
    }


def _scores_as_json(scores: TrialScores) -> dict[str, Any]:
    fitted = scores.calibration
    return {
        "histogram": {name: part.tolist() for name, part in scores.histogram._asdict().items()},
        "least_cost_threshold": scores.threshold,
        "calibration": fitted and {"slope": fitted.slope_, "offset": fitted.offset_},
    }


def _show(tuning: Tuning) -> None:
    made = tuning.model.provenance["tuned"]
    errors = {name: made[name]["clusterings"] for name in tuning.errors}
    console = _tables.console()
    console.print(_tables.thresholds(tuning.model, errors))
    console.print(
        "These errors are too good: the thresholds were set on the same recordings. Measure on"
        " others.",
        soft_wrap=True,
    )
    default = shown = tuning.model.clustering.backend
    if default not in tuning.scores:
        console.print(f"The default back-end, {default}, was not tuned.")
        shown = next(iter(tuning.scores))
    _show_histogram(shown, tuning.scores[shown].histogram)


def _show_histogram(name: str, histogram: ScoreHistogram) -> None:
    """Print pairs by score, as bars of a common scale for each kind."""
    targets, others = histogram.targets, histogram.others
    table = _tables.table(f"Score ({name})", (f"{targets.sum()} target", f"{others.sum()} other"))
    for column in table.columns[1:]:
        column.justify = "left"
    for row in zip(histogram.edges[:-1], targets, others, strict=True):
        score, *counts = (part.item() for part in row)
        bars = (
            "#" * math.ceil(_WIDTH * count / most.max().item()) + f" {count}" * (count > 0)
            for count, most in zip(counts, (targets, others), strict=True)
        )
        table.add_row(f"{score:8.3f}", *bars)
    _tables.console().print(table)
