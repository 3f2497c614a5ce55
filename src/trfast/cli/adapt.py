"""trfast adapt: a model that fits a collection better, without labels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _common, _options, _output, _tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trfast.linking import Adapted


@click.command(short_help="Adapt a model to a collection, without labels.")
@click.argument("collection", type=_options.PathType())
@_options.model_output("adapted.safetensors")
@_options.MODEL
@_options.THREADS
def adapt(collection: Path, output: Path, model: Path | None) -> None:
    """Write a copy of a model whose PLDA and network have learned from a collection.

    COLLECTION is a folder that `trfast run` has made, or its collection.sqlite; the model is the
    one that diarized it. Who is surely the same in several recordings is taken for a speaker. A
    back-end stays as it was where adaptation does not help voices that it has not heard; the table
    says how far apart the scores of one and of two such voices lie, before and after.

    `trfast run --model` with the adapted one, on the same folder, links anew and diarizes nothing.
    """
    from trfast.collection import Collection
    from trfast.model import load_model

    path = _common.collection_file(collection)
    bundle = load_model(model)
    _common.make_folder(output.parent)
    with Collection(path, read_only=True) as opened:
        adapted, done = opened.adapt(bundle)
    adapted.save(output)
    _output.report(lambda: {"files": [output], "backends": done}, lambda: _show(done))


def _show(done: Mapping[str, Adapted]) -> None:
    table = _tables.table("Back-end", ("Speakers", "Rounds", "Before", "After", ""))
    for name, verdict in done.items():
        judged = not math.isnan(verdict.before)
        table.add_row(
            name,
            str(verdict.n_speakers),
            str(verdict.n_rounds),
            f"{verdict.before:.2f}" if judged else "-",
            f"{verdict.after:.2f}" if judged else "-",
            "adapted" if verdict.kept else "as it was" if judged else "too few speakers",
        )
    _tables.console().print(table)
