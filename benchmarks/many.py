"""Many short recordings, or many speakers in one: does the pace hold, and does memory stay?

    python -m benchmarks.many [--recordings N] [--seconds S] [--jobs N] [--speakers N]

Cuts of the example shows, as WAV files, come into a new collection by `Collection.add_all`: a line
each tenth of the way says CPU time a recording since the last line, and memory, of this process;
with ``--jobs`` above 1, that of the driver alone. Then all are linked. One recording of many
local speakers is made of vectors that are drawn: its windows are joined, and it is kept, linked
and drawn on a page.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import soundfile

from benchmarks._archive import diarization, peak_mb, vectors_of
from trfast import Collection, Diarizer, Job
from trfast.audio import SAMPLE_RATE, find_audio, load
from trfast.diarization.joining import join_units
from trfast.execution import Progress
from trfast.model import load_model
from trfast.report import write_collection_report

EXAMPLES = Path(__file__).parents[1] / "examples" / "audio"
# Seconds that each of many speakers speaks.
_SPEECH = 12.0


def write_cuts(folder: Path, n: int, seconds: float) -> list[Job]:
    """Write so many WAV files, cut from the example shows."""
    shows = [load(path) for path in find_audio([EXAMPLES])]
    length = round(seconds * SAMPLE_RATE)
    jobs = []
    for k in range(n):
        show = shows[k % len(shows)]
        start = k * 1237 % (len(show) - length)
        path = folder / f"{k:06}.wav"
        soundfile.write(path, show[start : start + length], SAMPLE_RATE)
        jobs.append(Job.of(path))
    return jobs


def resident() -> float:
    """Megabytes of this process now; of Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def told(n: int) -> Callable[[Progress], None]:
    """Return what prints a row each tenth of the way."""
    start, last = time.process_time(), 0

    def progress(now: Progress) -> None:
        nonlocal start, last
        done = now.n_done
        if now.outcome is None or (done - last < n / 10 and done < n):
            return
        spent = time.process_time() - start
        click.echo(f"| {done:,} | {1e3 * spent / (done - last):.2f} | {resident():.0f} |")
        start, last = time.process_time(), done

    return progress


@contextmanager
def clocked(what: str) -> Iterator[None]:
    """Print CPU seconds, and the most memory so far."""
    start = time.process_time()
    yield
    seconds = time.process_time() - start
    click.echo(f"{what}: {seconds:.2f} s of CPU, at most {peak_mb():.0f} MB so far")


def many_recordings(folder: Path, n: int, seconds: float, jobs: int) -> None:
    """Diarize and link cuts of the shows."""
    found = write_cuts(folder, n, seconds)
    diarizer = Diarizer()
    click.echo(f"{n:,} recordings of {seconds:g} s\n\n| done | ms a recording | MB now |")
    click.echo("|---|---|---|")
    with Collection(folder / "many.sqlite") as collection:
        failures = collection.add_all(found, diarizer=diarizer, jobs=jobs, progress=told(n))
        assert not failures
        click.echo("")
        with clocked("linked"):
            collection.link()


def many_speakers(folder: Path, n: int) -> None:
    """Join, keep, link and draw one recording of so many speakers."""
    model = load_model()
    windows = model.windows
    assert windows is not None
    rng = np.random.default_rng(0)
    per = round(_SPEECH / windows.config.unit)
    deviation = np.sqrt(windows.eigenvalues)
    voices = rng.standard_normal((n, len(deviation)), np.float32) * deviation
    rows = np.repeat(voices, per, axis=0)
    rows += rng.standard_normal(rows.shape, np.float32) / np.float32(_SPEECH / per) ** 0.5
    with clocked(f"{len(rows):,} windows of {n:,} speakers joined"):
        labels = join_units(
            rows, np.full(len(rows), windows.config.unit), windows.eigenvalues, windows.config
        )
    click.echo(f"  {labels.max() + 1:,} are found")
    vectors = np.concatenate(list(vectors_of(np.arange(n), model)))
    result = diarization("crowd", vectors, model, turns=2 * n)
    with Collection(folder / "crowd.sqlite") as collection:
        with clocked("kept"):
            collection.add_diarizations([result])
        with clocked("linked"):
            collection.link()
        with clocked("page"):
            write_collection_report(collection, folder / "page.html")


@click.command()
@click.option("--recordings", default=3_000, show_default=True)
@click.option("--seconds", default=12.0, show_default=True)
@click.option("--jobs", default=1, show_default=True)
@click.option("--speakers", default=5_000, show_default=True)
def main(recordings: int, seconds: float, jobs: int, speakers: int) -> None:
    """Measure both; 0 leaves one out."""
    with TemporaryDirectory() as folder:
        if recordings:
            many_recordings(Path(folder), recordings, seconds, jobs)
        if speakers:
            many_speakers(Path(folder), speakers)


if __name__ == "__main__":
    main()
