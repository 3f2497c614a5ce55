"""What it costs to start: a process, a diarizer, and workers on short recordings.

    python -m benchmarks.startup [--beside FOLDER] [--rounds N] [--recordings N] [--seconds S]

CPU time, user and system, of processes that were started anew, in turns with the trfast that lies
in another folder (``git worktree add FOLDER COMMIT``, and its kernels built), if one is given;
medians. The last rows run recordings of a few seconds in one process and by two workers, and give
the time that passes too: on a machine that does other things, only CPU time means something.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import soundfile

from benchmarks._common import ONE_THREAD
from trfast.audio import SAMPLE_RATE, load

SOURCE = Path(__file__).parents[1] / "src"
EXAMPLE = Path(__file__).parents[1] / "examples" / "audio" / "show-1.opus"
WORKERS = """
from pathlib import Path
from trfast import Diarizer, Job
from trfast.execution import map_recordings
if __name__ == "__main__":
    jobs = [Job.of(path) for path in sorted(Path(".").glob("*.wav"))]
    assert all(done.error is None for done in map_recordings(Diarizer(), jobs, jobs={}))
"""
PROGRAMS = {
    "python": "pass",
    "import numpy": "import numpy",
    "import trfast": "import trfast",
    "trfast --help": "from trfast.cli import main; main(['--help'], standalone_mode=False)",
    "the first Diarizer": "from trfast import Diarizer; Diarizer()",
    "{n} recordings of {s:g} s, one process": WORKERS.replace("{}", "1"),
    "{n} recordings of {s:g} s, two workers": WORKERS.replace("{}", "2"),
}


def cost(program: Path, folder: str, source: Path) -> tuple[float, float]:
    """CPU seconds of a new process and of those it starts, and seconds that pass."""
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(source)}
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, program], cwd=folder, env=environment, check=True, capture_output=True
    )
    seconds, after = time.perf_counter() - start, os.times()
    children = (after.children_user, after.children_system)
    return sum(children) - before.children_user - before.children_system, seconds


@click.command()
@click.option("--beside", type=click.Path(exists=True, resolve_path=True, path_type=Path))
@click.option("--rounds", default=9, show_default=True)
@click.option("--recordings", default=40, show_default=True)
@click.option("--seconds", default=12.0, show_default=True)
def main(beside: Path | None, rounds: int, recordings: int, seconds: float) -> None:
    """Measure, and print a table."""
    sources = {"this": SOURCE} | ({} if beside is None else {"beside": beside / "src"})
    samples, length = load(EXAMPLE), round(seconds * SAMPLE_RATE)
    titles = [f"{name}, {what}" for name in sources for what in ("CPU s", "s")]
    click.echo("| | " + " | ".join(titles) + " |\n" + "|---" * (1 + len(titles)) + "|")
    with TemporaryDirectory() as folder:
        for k in range(recordings):
            start = k * SAMPLE_RATE % max(1, len(samples) - length)
            path = Path(folder, f"{k:04}.wav")
            soundfile.write(path, samples[start : start + length], SAMPLE_RATE)
        for title, program in PROGRAMS.items():
            script = Path(folder, "program.py")
            script.write_text(program)
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in sources}
            for _ in range(rounds):
                for name, source in sources.items():
                    found[name].append(cost(script, folder, source))
            cells = [
                f"{statistics.median(values):.2f}"
                for name in sources
                for values in zip(*found[name], strict=True)
            ]
            click.echo(f"| {title.format(n=recordings, s=seconds)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
