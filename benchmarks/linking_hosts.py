"""Linking of recordings that all have one speaker in common, or none: time and memory.

    python benchmarks/linking_hosts.py [--recordings N] [--clustering C] [--backend B] [--mixed]

Of five local speakers of each recording, one is the same in all, unless `--mixed`; the others
appear in 1 to 1,000 recordings (Zipf's law). Vectors are drawn as by `_archive`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from benchmarks._archive import PER, peak_mb, recordings_of, speakers_of, vectors_of
from trfast.clustering import CLUSTERINGS
from trfast.linking import link_centred
from trfast.model import ModelBundle, load_model
from trfast.scoring.backend import BACKENDS


def local_speakers(
    n_recordings: int, model: ModelBundle, *, host: bool = True
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return vectors, and the recording of each; the first of each recording is the host."""
    speakers = speakers_of(PER * n_recordings, host=host)
    vectors = np.empty((len(speakers), len(model.whitening.mean_)), np.float32)
    start = 0
    for block in vectors_of(speakers, model):
        vectors[start : start + len(block)] = block
        start += len(block)
    return vectors, recordings_of(len(speakers))


@click.command()
@click.option("--recordings", default=10_000, show_default=True)
@click.option("--clustering", type=click.Choice(CLUSTERINGS), help="Default: the model's.")
@click.option("--backend", type=click.Choice(BACKENDS), help="Default: the model's.")
@click.option("--mixed", is_flag=True, help="Nobody is in all recordings.")
def main(recordings: int, clustering: str | None, backend: str | None, mixed: bool) -> None:
    """Link, and print time and memory."""
    model = load_model()
    vectors, names = local_speakers(recordings, model, host=not mixed)
    comparison = model.across(backend, clustering)
    start, clock = time.process_time(), time.perf_counter()
    links = link_centred(vectors, names, comparison)
    cpu, wall = time.process_time() - start, time.perf_counter() - clock
    most = np.bincount(links.labels[::PER]).max() / recordings
    how = " ".join(map(str, comparison.settings))
    click.echo(
        f"{len(vectors)} local speakers of {recordings} recordings, {how}:"
        f" {cpu:.1f} s of CPU, {wall:.1f} s, {peak_mb():.0f} MB; {links.labels.max() + 1} speakers,"
        f" the first of them in {100 * most:.1f} % of the recordings"
    )


if __name__ == "__main__":
    main()
