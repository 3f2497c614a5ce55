"""What a cluster can do: what each part costs, and which is the first that all wait for.

    python -m benchmarks.scale [--minutes M]... [--recordings N] [--speakers N] [--without-dask]

CPU time of one core, so that a busy machine does not spoil it. Recordings are the example shows,
one after the other, again and again. Their results are then written N times by a driver: of a
worker that is at hand, and of one of a Dask cluster, where scheduler, worker and driver are
processes of their own. What 1, 16 and 1,000 cores do is computed from that, not measured.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from benchmarks.linking_hosts import local_speakers
from trfast import Collection, Diarizer, Job, Waveform, load_model
from trfast.annotation import Annotation
from trfast.audio import SAMPLE_RATE, find_audio, load
from trfast.diarization import Diarization
from trfast.execution import DaskExecutor
from trfast.linking import link_centred

EXAMPLES = Path(__file__).parents[1] / "examples" / "audio"
CORES = (1, 16, 1_000)
PORT = 18_787


@dataclass(frozen=True)
class Ready:
    """Finds what was found before, whatever the recording."""

    found: bytes
    fingerprint: str = "ready"

    @property
    def model_hash(self) -> str:
        """That of what was found."""
        result: Diarization = pickle.loads(self.found)
        return result.model_hash

    def __call__(self, job: Job) -> Diarization:
        """Return it under the name of the job."""
        found: Diarization = pickle.loads(self.found)
        return replace(found, annotation=Annotation(job.name, found.annotation.turns))


class AtHand(Executor):
    """Has results at once, pickled, as they come from a worker."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Call the function, send what it returns, and leave out what that took."""
        start = time.process_time()
        sent = pickle.dumps(function(*arguments, **named))
        self.seconds = getattr(self, "seconds", 0.0) + time.process_time() - start
        future: Future[Any] = Future()
        future.set_result(pickle.loads(sent))
        return future


def recording(minutes: float) -> Waveform:
    """Return the example shows, again and again."""
    shows = cycle([load(path) for path in find_audio([EXAMPLES])])
    pieces: list[Any] = []
    while sum(map(len, pieces)) < minutes * 60 * SAMPLE_RATE:
        pieces.append(next(shows))
    return Waveform(np.concatenate(pieces)[: round(minutes * 60 * SAMPLE_RATE)], SAMPLE_RATE)


def start_up() -> tuple[float, float]:
    """CPU seconds, and megabytes, of a process that has the default model."""
    program = (
        "import resource, time\n"
        "from trfast.execution import map_recordings\n"
        "from trfast import Diarizer\n"
        "Diarizer()\n"
        "print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, peak = map(float, done.stdout.split())
    return seconds, peak / (1e6 if sys.platform == "darwin" else 1e3)


def written(found: bytes, n: int, executor: Executor) -> float:
    """CPU seconds of the driver a recording, from the plan to the last transaction."""
    with TemporaryDirectory() as folder, Collection(Path(folder) / "collection.sqlite") as kept:
        todo = [Job(f"recording-{k}", f"/archive/{k}.opus") for k in range(n)]
        start = time.process_time()
        failures = kept.add_all(todo, diarizer=Ready(found), executor=executor)
        seconds = time.process_time() - start - getattr(executor, "seconds", 0.0)
        assert not failures
        assert len(kept.recordings()) == n
    return seconds / n


@contextmanager
def cluster() -> Iterator[tuple[DaskExecutor, Any, Any]]:
    """A scheduler and a worker, and what tells what they use."""
    import psutil

    programs = (
        ("dask_scheduler", "--port", str(PORT), "--dashboard-address", ":0"),
        ("dask_worker", f"tcp://127.0.0.1:{PORT}", "--nthreads", "1", "--no-nanny"),
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *options], stderr=subprocess.DEVNULL
        )
        for name, *options in programs
    ]
    try:
        with DaskExecutor(f"tcp://127.0.0.1:{PORT}") as executor:
            executor.submit(load_model).result()
            yield executor, *(psutil.Process(process.pid) for process in started)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def by_dask(found: bytes, n: int) -> tuple[float, float]:
    """CPU seconds a recording of the driver and of the scheduler."""
    with cluster() as (executor, scheduler, _):
        before = sum(scheduler.cpu_times()[:2])
        driver = written(found, n, executor)
        return driver, (sum(scheduler.cpu_times()[:2]) - before) / n


def linking(n: int) -> Iterator[tuple[str, float, float]]:
    """Yield what was linked, CPU seconds, and pairs of it a second."""
    model = load_model()
    vectors, names = local_speakers(n // 5, model)
    n_pairs = n * (n - 1) / 2
    for name in ("cosine", "plda"):
        comparison = model.across(name, "cc")
        rows = comparison.backend.project(vectors)
        start = time.process_time()
        comparison.backend.edges_above(rows, 0.6 if name == "cosine" else 20.0)
        seconds = time.process_time() - start
        yield f"pairs listed, {name}", seconds, n_pairs / seconds
    start = time.process_time()
    link_centred(vectors, names, model.across())
    seconds = time.process_time() - start
    yield "linked by the default model, all of it", seconds, n_pairs / seconds


def row(*cells: object) -> None:
    """Print one of a table in Markdown."""
    click.echo("| " + " | ".join(map(str, cells)) + " |")


@click.command()
@click.option("--minutes", multiple=True, default=(60.0, 3.0), show_default=True)
@click.option("--recordings", default=500, show_default=True, help="Results that are written.")
@click.option("--speakers", default=20_000, show_default=True, help="Local speakers linked.")
@click.option("--without-dask", is_flag=True)
def main(minutes: tuple[float, ...], recordings: int, speakers: int, without_dask: bool) -> None:
    """Measure the parts, and print what they come to."""
    seconds, megabytes = start_up()
    diarizer = Diarizer()
    click.echo(f"a worker starts in {seconds:.1f} s of CPU, and takes {megabytes:.0f} MB")
    click.echo(f"the diarizer, sent to it once: {len(pickle.dumps(diarizer)) / 1e6:.1f} MB\n")
    row("recording", "diarized in, s", "a result, KB", "local: driver, ms", "Dask: driver, ms",
        "scheduler, ms", *(f"{n:,} cores, hours of audio a second" for n in CORES),
        "cores that one driver can feed")  # fmt: skip
    row(*["---"] * (7 + len(CORES)))
    for length in minutes:
        job = Job("recording", recording(length))
        start = time.process_time()
        found = pickle.dumps(diarizer(job))
        work = time.process_time() - start
        driver = written(found, recordings, AtHand())
        dask = (driver, 0.0) if without_dask else by_dask(found, recordings)
        slowest = max(dask)
        speeds = (min(n / work, 1 / slowest) * length / 60 for n in CORES)
        row(f"{length:g} min", f"{work:.2f}", f"{len(found) / 1e3:.1f}", f"{1e3 * driver:.2f}",
            *(f"{1e3 * part:.2f}" for part in dask), *(f"{speed:.2f}" for speed in speeds),
            f"{work / slowest:,.0f}")  # fmt: skip
    click.echo(f"\n{speakers:,} local speakers of {speakers // 5:,} recordings, one core\n")
    row("", "s", "million pairs a second")
    row("---", "---", "---")
    for name, seconds, pace in linking(speakers):
        row(name, f"{seconds:.1f}", f"{pace / 1e6:,.0f}")


if __name__ == "__main__":
    main()
