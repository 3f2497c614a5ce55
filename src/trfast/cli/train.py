"""trfast train: a model from labelled recordings."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import click

from trfast._names import RECIPES
from trfast.cli import _common, _options, _output, _tables

_OF_QUARTERS = (
    "Errors of a quarter of the speakers at a time; all together are harder to tell apart."
)


@click.command(short_help="Make a model from labelled recordings.")
@click.argument("collection", type=_options.PathType())
@_options.model_output("model.safetensors")
@click.option(
    "--gaussians", type=click.IntRange(min=1), help="Gaussians of the UBM.  [default: 256]"
)
@click.option("--rank", type=click.IntRange(min=1), help="Dimension of i-vectors.  [default: 200]")
@click.option(
    "--recipe",
    type=click.Choice(RECIPES),
    default="default",
    show_default=True,
    help="How back-ends are trained: trfast's own way, or as in the paper.",
)
@click.option(
    "--embedder",
    type=_options.PathType(),
    metavar="FILE",
    help="ONNX file of a neural embedding, in place of i-vectors.",
)
@click.option(
    "--vectors",
    type=_options.PathType(),
    metavar="FILE",
    help="Vectors of another system, as for `trfast import`, in place of audio: trains back-ends"
    " alone, for `trfast link --model`.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="What made the vectors, as for `trfast import`.  [default: their dimension]",
)
@click.option(
    "--also",
    type=_options.PathType(),
    multiple=True,
    metavar="FILE",
    help="Another file of that network, such as one of float32, that the model takes as well."
    " Can be given again.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed.")
@_options.JOBS
@_options.DASK
@click.option(
    "--keep-stages", is_flag=True, help="Keep the results of the stages, to try other settings."
)
def train(
    collection: Path,
    output: Path,
    gaussians: int | None,
    rank: int | None,
    recipe: str,
    embedder: Path | None,
    vectors: Path | None,
    name: str | None,
    also: tuple[Path, ...],
    seed: int,
    jobs: int | None,
    dask: str | None,
    keep_stages: bool,
) -> None:
    """Train speech detector, UBM, total variability, whitening, back-ends and thresholds.

    COLLECTION is a folder with audio/, ref.rttm (speakers named alike in all recordings) and,
    if not all is to be scored, all.uem. Each stage leaves its result in OUTPUT.stages, so that
    a training that was stopped goes on where it stopped.

    Each quarter of the speakers, in turn, is held back, to choose thresholds and the default
    back-end and clustering; a table shows their errors (DER by recording, I-DER, and across
    recordings, X-DER; collar 0.25 s, overlap left out).

    With --vectors, COLLECTION needs no audio; it may be the RTTM file.
    """
    if vectors is not None:
        if gaussians or rank or recipe == "paper" or embedder or also or keep_stages:
            raise click.UsageError("of the options of a training, --vectors takes --seed alone")
        _train_on_vectors(collection, output, vectors, name, seed=seed)
        return
    if name is not None:
        raise click.UsageError("--name goes with --vectors")
    from trfast.cli._progress import stages_bar
    from trfast.training import TrainingConfig
    from trfast.training import train as train_model
    from trfast.training.labelled import LabelledCollection
    from trfast.training.networks import with_files

    labelled = LabelledCollection.read(collection)
    network, others = None, []
    if also and embedder is None:
        raise click.UsageError("--also goes with --embedder")
    if embedder is not None:
        if gaussians or rank or recipe == "paper":
            raise click.UsageError("--embedder goes without --gaussians, --rank, --recipe paper")
        from trfast.embedding import OnnxEmbedder

        network, config = OnnxEmbedder(embedder), TrainingConfig.neural(seed=seed)
        others = [OnnxEmbedder(file) for file in also]
    elif recipe == "paper":
        config = TrainingConfig.paper(seed=seed)
    else:
        config = TrainingConfig(seed=seed)
    if gaussians:
        config = replace(config, n_components=gaussians)
    if rank:
        config = replace(config, rank=rank)
    _common.make_folder(output.parent)
    stages = output.with_name(output.name + ".stages")
    with (
        _common.cluster(dask, jobs) as executor,
        stages_bar(quiet=_output.is_quiet()) as progress,
    ):
        model = train_model(
            labelled,
            stages=stages,
            config=config,
            network=network,
            executor=executor,
            jobs=jobs,
            progress=progress,
        )
    with_files(model, others, labelled).save(output)
    if not keep_stages:
        shutil.rmtree(stages)
    made = model.provenance

    def in_words() -> None:
        click.echo(
            f"{output}: {made['hours']} h of {made['recordings']} recordings,"
            f" {made['speakers']} speakers ({made['classes']} classes)"
        )
        _tables.console().print(_tables.thresholds(model, made["held-back"]))
        click.echo(_OF_QUARTERS)
        if "left out" in made:
            click.echo(f"Left out {made['left out']}")
        if "windows left out" in made:
            click.echo(f"Diarizes by segments, not by windows: {made['windows left out']}")

    _output.report(lambda: {"files": [output], "provenance": made}, in_words)


def _train_on_vectors(
    collection: Path, output: Path, vectors: Path, name: str | None, *, seed: int
) -> None:
    from trfast.cli._formats import read_annotations
    from trfast.collection import read_vectors
    from trfast.training import TrainingConfig, train_on_vectors

    reference = collection / "ref.rttm"
    model = train_on_vectors(
        read_annotations([reference if reference.exists() else collection]),
        read_vectors(vectors),
        name=name,
        config=TrainingConfig.neural(seed=seed),
    )
    _common.make_folder(output.parent)
    model.save(output)
    made = model.provenance

    def in_words() -> None:
        click.echo(f"{output}: {made['recordings']} recordings, {made['speakers']} speakers")
        table = _tables.table("Back-end", ("Threshold", "X-DER %"))
        default = model.clustering
        for backend, kinds in made["held-back"].items():
            for kind, rates in kinds.items():
                table.add_row(
                    _tables.starred(backend, kind, default.backend, default.clustering),
                    f"{model.thresholds(backend, kind).across:.4g}",
                    _tables.percent(rates["x_der"]),
                )
        _tables.console().print(table)
        click.echo(_OF_QUARTERS)
        if "left out" in made:
            click.echo(f"Left out {made['left out']}")

    _output.report(lambda: {"files": [output], "provenance": made}, in_words)
