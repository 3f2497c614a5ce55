"""An archive's own measure: hours of sound a core-hour from each format, and what 10,000 h cost.

    python -m benchmarks.archive [--minutes 30] [--hours 10000] [--price 0.04] [-o F.md]

Speech of the example shows is written in each format by the ffmpeg command, and diarized by the
default model in a process of its own with one thread; loading the model is left out. As many
recordings as the archive has are then added to a collection and linked, without audio, as by
`growth`: two sizes are measured, and what the archive's would take follows from how they grow.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import click

from benchmarks._archive import PER
from benchmarks.decoding import FORMATS, encode, write_source
from benchmarks.end_to_end import run
from benchmarks.growth import apart
from benchmarks.render import commit, table

PRICE = 0.04
SOURCE = "half of an m7g.large (two cores) on demand, us-east-1, June 2026"
LEFT_OUT = (
    "Not in it: loading the model, once a worker; reading from disk or network; what cores lose",
    "when all of them work; storage. More cores share the diarization, but most of linking stays",
    "on one.",
)


def paces(ffmpeg: str, minutes: float, rounds: int) -> Iterator[tuple[str, float]]:
    """Yield each format, and hours of sound diarized from it in a core-hour."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "source.wav"
        write_source(source, minutes)
        for file, (title, options) in FORMATS.items():
            path = Path(name) / file
            encode(ffmpeg, source, path, *options)
            runs = [run(path, "", "", "", "full", "") for _ in range(rounds)]
            pace = median(3600 * each["hours"] / each["seconds"] for each in runs)
            click.echo(f"{title}: {pace:,.0f} h a core-hour")
            yield title, pace
            path.unlink()


def linking(n: int, sizes: tuple[int, int]) -> tuple[float, list[str]]:
    """Return core-hours of adding and linking n recordings, and how that is known."""
    found = [apart(size) for size in sizes]
    small, large = (figures["add"] + figures["link"] for figures in found)
    power = math.log(large / small) / math.log(sizes[1] / sizes[0])
    seconds = large * (n / sizes[1]) ** power
    return seconds / 3600, [
        f"Linking: {n:,} recordings of {PER} local speakers each are added to a collection and",
        f"linked in {seconds:,.0f} s. *This is extrapolated*: {sizes[0]:,} take {small:.1f} s,"
        f" {sizes[1]:,} take {large:.1f} s,",
        f"so that it grows with the power {power:.2f}.\n",
    ]


@click.command()
@click.option("--minutes", default=30.0, show_default=True, help="Of each recording.")
@click.option("--hours", default=10_000.0, show_default=True, help="Of the archive.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each format.")
@click.option(
    "--linked", type=(int, int), default=(2_500, 10_000), show_default=True, help="Sizes linked."
)
@click.option("--price", default=PRICE, show_default=True, help=f"A core-hour: {SOURCE}.")
@click.option("--ffmpeg", default="ffmpeg", show_default=True, help="The command.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page here.")
@click.option("--shared", is_flag=True, help="Say that others worked on the machine meanwhile.")
def main(
    minutes: float,
    hours: float,
    rounds: int,
    linked: tuple[int, int],
    price: float,
    ffmpeg: str,
    output: Path | None,
    shared: bool,
) -> None:
    """Measure what an archive takes."""
    if shutil.which(ffmpeg) is None:
        raise click.UsageError(f"{ffmpeg}: no such command; name it with --ffmpeg")
    link_hours, told = linking(math.ceil(60 * hours / minutes), linked)
    rows = []
    for title, pace in paces(ffmpeg, minutes, rounds):
        whole = hours / pace + link_hours
        rows.append(
            [title, f"{pace:,.0f}", f"{hours / pace:.1f}", f"{whole:.1f}", f"{price * whole:.2f}"]
        )
    lines = [
        f"# {hours:,.0f} hours\n",
        "Written by `python -m benchmarks.archive`: what an archive takes, by the format that it",
        f"is in, from files to linked speakers. Recordings of {minutes:g} min of speech are",
        f"diarized with the default model, median of {rounds} runs; all times are CPU time of one",
        "core.\n",
        f"- Measured at commit {commit()}{', on a machine that others used meanwhile' * shared}",
        f"- A core-hour is taken to cost {price:g} US dollars{f', {SOURCE}' * (price == PRICE)};",
        "  for yours, `python -m benchmarks.archive --price YOURS`\n",
        *table("format|hours diarized a core-hour|core-hours|linked, too|US dollars", rows),
        *told,
        *LEFT_OUT,
    ]
    click.echo("\n".join(lines))
    if output:
        output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
