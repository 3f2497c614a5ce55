"""One new recording into a large collection: what opening, adding and linking it alone take.

    python benchmarks/incremental_into.py [--into N] [--times K]

A collection of N local speakers, drawn as by `_archive`, linked as they were drawn. Then recordings
of five local speakers come one by one, all of them heard ten times or more: a voice that is new, or
was heard once, is near to several of so many speakers, and then all is linked. The first one also
waits for the summary of the speakers to be made.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from benchmarks._archive import PER, diarization, make_linked, peak_mb, speakers_of, vectors_of
from trfast.collection import Collection
from trfast.model import load_model

OFTEN = 10


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print the time that the block takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    click.echo(f"{what}: {cpu:.2f} s of CPU, {wall:.2f} s; peak memory {peak_mb():.0f} MB")


@click.command()
@click.option("--into", default=1_000_000, show_default=True, help="Local speakers.")
@click.option("--times", default=3, show_default=True, help="Recordings that come.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the collection there.")
def main(into: int, times: int, folder: Path | None) -> None:
    """Make a collection, and add to it."""
    model = load_model()
    with tempfile.TemporaryDirectory() as temporary:
        path = (folder or Path(temporary)) / f"{into}.sqlite"
        if not path.exists():
            with told(f"writing {into} local speakers"):
                make_linked(path, into, model)
        often = np.flatnonzero(np.bincount(speakers_of(into)) >= OFTEN)
        for k in range(times):
            heard = often[PER * k :][:PER]
            (vectors,) = vectors_of(heard, model, seed=k + 1)
            with told("opening"):
                collection = Collection(path)
            with collection:
                name = f"new-{time.time_ns()}"
                with told("adding"):
                    collection.add(diarization(name, vectors, model))
                with told("linking"):
                    how = collection.link(model, new_only=True)
                ids = [
                    speaker
                    for (speaker,) in collection._store.db.rows(
                        "SELECT speaker FROM local_speaker JOIN recording"
                        " ON recording.id = recording WHERE name = ? ORDER BY local_speaker.id",
                        name,
                    )
                ]
            click.echo(f"new alone: {how.new_only} {'; '.join(how.because)}; speakers {ids}")


if __name__ == "__main__":
    main()
