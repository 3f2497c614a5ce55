"""Recordings that arrive one by one: what linking only what is new costs in X-DER.

    python benchmarks/incremental.py COLLECTION... [--orders N]

All recordings of the collections together, in random orders of arrival. After each, what is new is
linked with the speakers there are; once whatever the doubts (new only), once as
``Collection.link(new_only=True)``, which links all where there are any. X-DER at the end, less that
of linking all at once; DER with a collar of 0.25 s, overlap left out.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from trfast.annotation import Annotation
from trfast.diarization import Diarization, Diarizer
from trfast.evaluation import diarization_error
from trfast.linking import link_centred, link_new
from trfast.model import load_model
from trfast.training.labelled import LabelledCollection

Key = tuple[str, str]


@click.command()
@click.argument("collections", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--orders", default=20, show_default=True)
def main(collections: tuple[Path, ...], orders: int) -> None:
    """Link in random orders of arrival."""
    model = load_model()
    diarizer, comparison = Diarizer(model), model.across()
    found: dict[str, Diarization] = {}
    reference: dict[str, Annotation] = {}
    uem = {}
    for path in collections:
        collection = LabelledCollection.read(path)
        reference |= collection.reference
        uem |= collection.uem or {}
        found |= {name: diarizer(file) for name, file in collection.audio.items()}

    def x_der(speakers: dict[Key, int]) -> float:
        hypothesis = {
            name: d.annotation.rename({s: str(speakers[name, s]) for s in d.speakers})
            for name, d in found.items()
        }
        return (
            100
            * diarization_error(
                reference, hypothesis, uem=uem or None, skip_overlap=True, across_recordings=True
            ).total.error_rate
        )

    def all_at_once(names: list[str]) -> dict[Key, int]:
        keys = [(name, s) for name in names for s in found[name].speakers]
        vectors = np.concatenate([found[name].vectors for name in names])
        labels = link_centred(vectors, [name for name, _ in keys], comparison).labels
        return dict(zip(keys, labels.tolist(), strict=True))

    whole = x_der(all_at_once(sorted(found)))
    click.echo(f"{len(found)} recordings, all at once: X-DER {whole:.2f} %")
    for relinks in (False, True):
        worse, n_full = [], 0
        for seed in range(orders):
            arrived: list[str] = []
            speakers: dict[Key, int] = {}
            for name in np.random.default_rng(seed).permutation(sorted(found)).tolist():
                arrived.append(name)
                keys = [(n, s) for n in arrived for s in found[n].speakers]
                vectors = np.concatenate([found[n].vectors for n in arrived])
                before = [speakers.get(key, -1) for key in keys]
                links = link_new(vectors, [n for n, _ in keys], before, comparison)
                if relinks and links.doubts:
                    speakers, n_full = all_at_once(arrived), n_full + 1
                else:
                    speakers = dict(zip(keys, links.speakers.tolist(), strict=True))
            worse.append(x_der(speakers) - whole)
        how = "linking all in doubt" if relinks else "new only"
        click.echo(
            f"{how}: {np.mean(worse):+.2f} points in the"
            f" mean of {orders} orders, {max(worse):+.2f} at most;"
            f" {n_full / orders:.0f} of {len(found)} links were of all"
        )


if __name__ == "__main__":
    main()
