"""What happens to the others when a worker dies: trfast's own supervision beside the standard
library's pool and loky's.

    python -m benchmarks.pools

Two workers each, started by `spawn` (loky: its own way). Each line is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from trfast.execution import map_recordings

SYSTEMS = ("trfast", "stdlib", "loky")
ITEMS = [f"item {k}" for k in range(20)]
_leak: list[bytes] = []


def work(item: str, _ballast: bytes = b"") -> str:
    """What workers do."""
    if item == "die":
        time.sleep(0.2)
        os._exit(3)
    if item == "threads":
        import numpy as np
        from threadpoolctl import threadpool_info

        np.ones((2, 2)) @ np.ones((2, 2))
        return str(max(info["num_threads"] for info in threadpool_info()))
    if item == "leak":
        _leak.append(bytes(bytearray(150_000_000)))
        time.sleep(1.2)
        return str(os.getpid())
    if item.startswith("/"):  # a file, for whoever looks for this process
        with open(Path(item) / str(os.getpid()), "w"):
            time.sleep(60)
    time.sleep(0.05)
    return item


def run(
    system: str, function: Callable[[str], str], items: Iterable[str]
) -> Iterator[tuple[str, str | None, Exception | None]]:
    """Yield each item, its result, and its error."""
    if system == "trfast":
        for outcome in map_recordings(function, items, jobs=2):
            yield outcome.item, outcome.result, outcome.error
        return
    if system == "loky":
        import loky

        pool = loky.ProcessPoolExecutor(2)
    else:
        pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    waiting = {}
    for item in items:
        try:
            waiting[pool.submit(function, item)] = item
        except Exception as error:
            yield item, None, error
    for future in as_completed(waiting):
        error = future.exception()
        result = None if error else future.result()
        yield waiting[future], result, error if isinstance(error, Exception) else None
    pool.shutdown()


def killer(system: str) -> str:
    """One item kills its worker."""
    found = list(run(system, work, [*ITEMS[:6], "die", *ITEMS[6:]]))
    lost = [item for item, _, error in found if error is not None and item != "die"]
    named = len(lost) == 0 and any(error for item, _, error in found if item == "die")
    return f"{len(lost)} of {len(ITEMS)} others lost; {'named' if named else 'not told apart'}"


def killed(system: str) -> str:
    """Somebody kills a worker once."""
    found, victims = [], []
    for _, result, error in run(system, pid, ITEMS):
        found.append(error)
        if result is not None and not victims:
            victims.append(int(result))
            os.kill(victims[0], 9)
    return f"{sum(error is not None for error in found)} of {len(ITEMS)} lost"


def pid(_: str) -> str:
    """Say which process it is."""
    time.sleep(0.1)
    return str(os.getpid())


def orphans(system: str) -> str:
    """The parent is killed: who is left?"""
    with TemporaryDirectory() as folder:
        both = [folder, f"{folder}/"]
        script = f"from benchmarks import pools; list(pools.run({system!r}, pools.work, {both}))"
        with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL) as parent:
            deadline = time.monotonic() + 60
            while len(os.listdir(folder)) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            parent.kill()
        workers = [int(name) for name in os.listdir(folder)]
        time.sleep(5)
        left = [worker for worker in workers if _runs(worker)]
        for worker in left:
            with suppress(ProcessLookupError):
                os.kill(worker, 9)
    return f"{len(left)} of {len(workers)} workers run on"


def _runs(process: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def ballast(system: str) -> str:
    """A function of 50 MB, as large as models are, for 20 items."""
    start = time.process_time()
    function = partial(work, _ballast=bytes(50_000_000))
    lost = sum(error is not None for *_, error in run(system, function, ITEMS))
    seconds = time.process_time() - start
    return f"{seconds:.2f} s of CPU in the parent" + f", {lost} lost" * bool(lost)


def start(system: str) -> str:
    """Two workers that import trfast and do next to nothing."""
    list(run(system, work, ITEMS[:2]))
    used = os.times()
    return f"{used.children_user + used.children_system:.1f} s of CPU in all children"


def threads(system: str) -> str:
    """Threads of BLAS in a worker, on two cores."""
    found = run(system, work, ["threads", "another"])
    (number,) = [result for item, result, _ in found if item == "threads"]
    return str(number)


def leak(system: str) -> str:
    """Each call leaks 150 MB."""
    pids = {result for _, result, error in run(system, work, ["leak"] * 8) if error is None}
    return f"{len(pids)} processes for 8 calls"


def unguarded(system: str) -> str:
    """A script without ``if __name__ == "__main__"``."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "script.py"
        file.write_text(
            "from benchmarks.pools import run, work\n"
            f"assert all(error is None for *_, error in run({system!r}, work, ['a', 'b']))"
        )
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, file], capture_output=True, text=True, timeout=120, env=environment
        )
    if done.returncode == 0:
        return "runs"
    return "error that says so" if "if __name__" in done.stderr else "fails"


QUESTIONS: dict[str, Callable[[str], str]] = {
    question.__name__: question
    for question in (killer, killed, orphans, ballast, start, threads, leak, unguarded)
}


@click.command()
@click.option("--question", type=click.Choice(list(QUESTIONS)), multiple=True)
def main(question: tuple[str, ...]) -> None:
    """Print a table in Markdown."""
    click.echo("| | " + " | ".join(SYSTEMS) + " |\n|---|" + "---|" * len(SYSTEMS))
    for name in question or QUESTIONS:
        cells = []
        for system in SYSTEMS:
            # Not the main module, whose functions pools send in ways of their own.
            ask = f"from benchmarks import pools; print(pools.{name}({system!r}))"
            done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
            cells.append((done.stdout or done.stderr).strip().splitlines()[-1])
        title = (QUESTIONS[name].__doc__ or "").rstrip(".")
        click.echo(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
