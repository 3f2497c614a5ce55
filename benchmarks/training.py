"""What training takes, by stage, in times real time of the collection.

    python -m benchmarks.training [COLLECTION] [--recordings N] [--profile FILE]

CPU time of one process with one thread, on the first recordings of a labelled collection (default:
``radio-train`` of ../shared/collections, or where TRFAST_COLLECTIONS points). A stage has the time
from what was told last to what it tells; stages of the quarters that are held back stand by
themselves. With ``--profile``, functions are timed too, for `pstats`; that takes longer.
"""

from __future__ import annotations

import cProfile
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.end_to_end import COLLECTIONS
from trfast.audio import header_duration
from trfast.training import LabelledCollection, train


@click.command()
@click.argument("collection", type=Path, default=COLLECTIONS / "radio-train")
@click.option("--recordings", default=20, show_default=True)
@click.option("--profile", type=Path, help="Write what functions take.")
def main(collection: Path, recordings: int, profile: Path | None) -> None:
    """Measure."""
    whole = LabelledCollection.read(collection)
    names = sorted(whole.audio)[:recordings]
    some = replace(
        whole,
        audio={name: whole.audio[name] for name in names},
        reference={name: whole.reference[name] for name in names},
    )
    audio = sum(header_duration(path) for path in some.audio.values())
    spent: Counter[str] = Counter()
    last = start = time.process_time()

    def progress(stage: str, done: int, total: int) -> None:  # noqa: ARG001
        nonlocal last
        now = time.process_time()
        spent[stage if done else "between"] += now - last
        last = now

    profiler = cProfile.Profile(time.process_time)
    with TemporaryDirectory() as folder, profiler if profile else nullcontext():
        train(some, stages=folder, jobs=1, progress=progress)
    seconds = time.process_time() - start
    spent["the rest"] = start + seconds - last
    if profile:
        profiler.dump_stats(profile)
    click.echo(f"{len(names)} recordings, {audio / 3600:.2f} h: {seconds:.0f} s of CPU\n")
    click.echo("| stage | CPU s | share | x real time |\n|---|---|---|---|")
    for stage, own in [("all", seconds), *spent.most_common()]:
        click.echo(f"| {stage} | {own:.1f} | {own / seconds:.0%} | {audio / own:,.0f} |")


if __name__ == "__main__":
    main()
