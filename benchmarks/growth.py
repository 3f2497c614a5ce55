"""How adding and linking grow with the archive: time, memory, and the growth exponent.

    python benchmarks/growth.py [SIZE...] [--clustering C] [--backend B] [--threads T]

SIZE is a number of recordings; default: 100, 1,000 and 10,000. Diarizations without audio, of five
local speakers and 20 turns each, drawn as by `_archive`, come into a new collection a thousand at a
time (``add_diarizations``); then all are linked (``link``). Each size runs in a process of its own.
An exponent of 1 says that ten times the recordings take ten times as long, of 2 a hundred times.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from benchmarks._archive import PER, diarization, name, peak_mb, speakers_of, vectors_of
from trfast.clustering import CLUSTERINGS
from trfast.collection import Collection
from trfast.model import load_model
from trfast.scoring.backend import BACKENDS

Figures = dict[str, float]


def measure(size: int, backend: str | None, clustering: str | None) -> Figures:
    """Add and link so many recordings; return seconds of CPU and megabytes."""
    model = load_model()
    figures: Figures = {"recordings": size, "add": 0.0}
    with (
        tempfile.TemporaryDirectory() as folder,
        Collection(Path(folder) / "c.sqlite") as collection,
    ):
        first = 0
        for vectors in vectors_of(speakers_of(size * PER), model):
            n = len(vectors) // PER
            some = [
                diarization(name(first + k), vectors[k * PER : (k + 1) * PER], model)
                for k in range(n)
            ]
            first += n
            for start in range(0, n, 1000):
                clock = time.process_time()
                collection.add_diarizations(some[start : start + 1000])
                figures["add"] += time.process_time() - clock
        figures["MB after adding"] = peak_mb()
        clock, wall = time.process_time(), time.perf_counter()
        collection.link(model, comparison=model.across(backend, clustering))
        figures["link"] = time.process_time() - clock
        figures["link, wall"] = time.perf_counter() - wall
        figures["MB after linking"] = peak_mb()
    return figures


def apart(size: int, *options: str) -> Figures:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, str(size), "--one", *options]
    found: Figures = json.loads(subprocess.run(command, check=True, stdout=-1).stdout)
    return found


def exponent(found: Figures, before: Figures | None, what: str) -> str:
    """Return the power of the size that the time grew with."""
    if before is None:
        return ""
    grown = math.log(found["recordings"] / before["recordings"])
    return f"{math.log(found[what] / before[what]) / grown:.2f}"


@click.command()
@click.argument("sizes", nargs=-1, type=int)
@click.option("--clustering", type=click.Choice(CLUSTERINGS), help="Default: the model's.")
@click.option("--backend", type=click.Choice(BACKENDS), help="Default: the model's.")
@click.option("--one", is_flag=True, help="One size, in this process; print JSON.")
def main(sizes: tuple[int, ...], clustering: str | None, backend: str | None, *, one: bool) -> None:
    """Measure each size."""
    if one:
        click.echo(json.dumps(measure(sizes[0], backend, clustering)))
        return
    how = [f"--clustering={clustering}"] * bool(clustering) + [f"--backend={backend}"] * bool(
        backend
    )
    before: Figures | None = None
    click.echo("| recordings | add, s of CPU | exponent | link, s of CPU | exponent | peak, MB |")
    click.echo("|---|---|---|---|---|---|")
    for size in sizes or (100, 1_000, 10_000):
        found = apart(size, *how)
        exponents = {what: exponent(found, before, what) for what in ("add", "link")}
        click.echo(
            f"| {size:,} | {found['add']:.2f} | {exponents['add']} | {found['link']:.2f}"
            f" | {exponents['link']} | {found['MB after linking']:.0f} |"
        )
        before = found


if __name__ == "__main__":
    main()
