"""Speed and memory of the whole way, from 16 kHz WAV to turns, on one core.

    python -m benchmarks.end_to_end --hours 3 --hours 10 [--model M] [--embedder FILE.onnx]
        [--mode hybrid] [--segments] [--detector FILE.onnx] [--json FILE]

Each file is diarized in a process of its own, with one thread. Long files are joined from the
shows of the collections (../shared/collections, or where TRFAST_COLLECTIONS points), or else from
the example episodes, over and over. Times are CPU seconds; loading the model is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import soundfile

from trfast.audio import SAMPLE_RATE, stream
from trfast.audio.files import find_audio

ROOT = Path(__file__).parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TARGET_SPEED, TARGET_MEGABYTES = 1500, 400  # times real time; at 10 hours

CHILD = """
import json, sys, time
from pathlib import Path
start = time.process_time()
from trfast import Diarizer, load_model
from trfast.speech import OnnxDetector
detector = OnnxDetector(sys.argv[3]) if sys.argv[3] else "model"
model = load_model(sys.argv[2] or None, embedder=sys.argv[4] or None)
local_model = load_model() if sys.argv[5] == "hybrid" else None
comparison = model.within() if sys.argv[6] else None
diarizer = Diarizer(model, comparison=comparison, detector=detector, local_model=local_model)
loaded = time.process_time()
result = diarizer(sys.argv[1])
seconds = time.process_time() - loaded
status = Path("/proc/self/status")
if status.exists():
    peak = next(int(s.split()[1]) for s in status.open() if s.startswith("VmHWM")) / 1e3
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS
print(json.dumps({
    "hours": result.duration / 3600, "loading": loaded - start, "seconds": seconds,
    "stages": dict(result.stage_seconds), "megabytes": peak,
    "turns": len(result.annotation), "speakers": len(result.speakers),
}))
"""


def shows() -> list[Path]:
    """Audio to make long files of."""
    collections = Path(os.environ.get("TRFAST_COLLECTIONS", ROOT.parent / "shared/collections"))
    return find_audio([collections if collections.is_dir() else ROOT / "examples/audio"])


def write_long(path: Path, hours: float) -> None:
    """Write the shows, one after the other, as a WAV file of that length."""
    n_left = round(hours * 3600 * SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        for show in cycle(shows()):
            for block in stream(show):
                file.write(block[:n_left])
                n_left = max(0, n_left - len(block))
            if n_left == 0:
                return


def write_start(path: Path, whole: Path, hours: float) -> None:
    """Write the first hours of a file."""
    with (
        soundfile.SoundFile(whole) as source,
        soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file,
    ):
        for block in source.blocks(
            1 << 20, frames=round(hours * 3600 * SAMPLE_RATE), dtype="int16"
        ):
            file.write(block)


def run(path: Path, *options: str) -> dict[str, Any]:
    """Diarize a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), *options],
        env=os.environ | ONE_THREAD,
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def show(result: dict[str, Any], way: str) -> None:
    """Print what a file took, by stage."""
    audio = 3600 * result["hours"]
    click.echo(
        f"{result['hours']:g} h{', by segments' * bool(way)}:"
        f" {audio / result['seconds']:,.0f} times real time"
        f" (target {TARGET_SPEED:,}), peak {result['megabytes']:.0f} MB"
        f" (target {TARGET_MEGABYTES} at 10 h);"
        f" {result['turns']} turns, {result['speakers']} speakers"
    )
    for stage, seconds in result["stages"].items():
        share = seconds / result["seconds"]
        click.echo(f"  {stage:12} {seconds:8.2f} s {share:5.0%} {audio / seconds:8,.0f} times")


@click.command()
@click.option("--hours", multiple=True, type=float, default=(3.0, 10.0), show_default=True)
@click.option("--model", default="", help="Model file.  [default: the one shipped]")
@click.option("--detector", default="", help="ONNX file that finds speech.  [default: the model's]")
@click.option("--embedder", default="", help="ONNX file of the model, if it is neural.")
@click.option("--mode", type=click.Choice(["full", "hybrid"]), default="full", show_default=True)
@click.option("--segments", is_flag=True, help="Each file by segments too, as in the paper.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write results here.")
def main(
    hours: tuple[float, ...],
    model: str,
    detector: str,
    embedder: str,
    mode: str,
    segments: bool,
    json_path: Path | None,
) -> None:
    """Measure the whole way on long files."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.wav"
        write_long(whole, max(hours))
        for length in sorted(hours):
            path = whole
            if length < max(hours):
                path = Path(folder) / f"{length:g}.wav"
                write_start(path, whole, length)
            for way in ("", "segments")[: 1 + segments]:
                result = run(path, model, detector, embedder, mode, way)
                results.append(result | {"way": way})
                show(result, way)
    if json_path:
        json_path.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
