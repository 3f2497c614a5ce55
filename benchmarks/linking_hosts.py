"""Linking of recordings that all have one speaker in common: time and memory.

    python benchmarks/linking_hosts.py [--recordings N] [--clustering C] [--backend B]

Of five local speakers of each recording, one is the same in all; the others appear in 1 to 1,000
recordings (Zipf's law). Vectors are what whitening of the default model makes 0.6 of the speaker
and 0.4 of the recording.
"""

from __future__ import annotations

import resource
import sys
import time

import click
import numpy as np
import numpy.typing as npt

from trfast.clustering import CLUSTERINGS
from trfast.linking import link_centred
from trfast.model import load_model
from trfast.scoring.backend import BACKENDS

PER = 5


def local_speakers(
    n_recordings: int, mean: npt.ArrayLike, whitening: npt.ArrayLike
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return vectors, and the recording of each; the first of each recording is the host."""
    rng = np.random.default_rng(0)
    n, d = n_recordings * PER, len(np.asarray(mean))
    appearances = np.minimum(rng.zipf(2.0, size=n), 1000)
    speakers = 1 + rng.permutation(np.repeat(np.arange(n), appearances)[:n])
    speakers[::PER] = 0
    x = rng.standard_normal((n, d), dtype=np.float32) * np.float32(0.4**0.5)
    for row, speaker in zip(x, speakers.tolist(), strict=True):
        voice = np.random.default_rng([1, speaker]).standard_normal(d, dtype=np.float32)
        row += np.float32(0.6**0.5) * voice
    found = x @ np.linalg.inv(np.asarray(whitening)).astype(np.float32) + np.asarray(mean)
    return found.astype(np.float32), np.repeat(np.arange(n_recordings), PER)


@click.command()
@click.option("--recordings", default=10_000, show_default=True)
@click.option("--clustering", type=click.Choice(CLUSTERINGS), help="Default: the model's.")
@click.option("--backend", type=click.Choice(BACKENDS), help="Default: the model's.")
def main(recordings: int, clustering: str | None, backend: str | None) -> None:
    """Link, and print time and memory."""
    model = load_model()
    whitening = model.whitening
    vectors, names = local_speakers(recordings, whitening.mean_, whitening.matrix_)
    comparison = model.across(backend, clustering)
    start, clock = time.process_time(), time.perf_counter()
    links = link_centred(vectors, names, comparison)
    cpu, wall = time.process_time() - start, time.perf_counter() - clock
    unit = 1e6 if sys.platform == "darwin" else 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    most = np.bincount(links.labels[::PER]).max() / recordings
    how = " ".join(map(str, comparison.settings))
    click.echo(
        f"{len(vectors)} local speakers of {recordings} recordings, {how}:"
        f" {cpu:.1f} s of CPU, {wall:.1f} s, {peak:.0f} MB; {links.labels.max() + 1} speakers,"
        f" the host in {100 * most:.1f} % of the recordings"
    )


if __name__ == "__main__":
    main()
