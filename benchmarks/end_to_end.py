"""Speed and memory of the whole way, from 16 kHz WAV to turns, on one core.

    python -m benchmarks.end_to_end --hours 3 --hours 10 [--model M] [--embedder FILE.onnx]
        [--mode hybrid] [--segments] [--detector FILE.onnx] [--json FILE] [--of COLLECTION]...

Each file is diarized in a process of its own, with one thread. Long files are joined from the
shows of the collections (../shared/collections, or where TRFAST_COLLECTIONS points), or else from
the example episodes, over and over. Times are CPU seconds; loading the model is left out.

With `--of`, shows of these collections only, in an order that is drawn for each round, and errors,
with a collar of 0.25 s each side, overlap left out: of the file, in which a speaker is one in all
shows, and within shows, each scored by itself.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import soundfile

from trfast.annotation import Annotation, Timeline
from trfast.audio import SAMPLE_RATE, load, stream
from trfast.audio.files import find_audio
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm
from trfast.training.labelled import LabelledCollection

ROOT = Path(__file__).parents[1]
COLLECTIONS = Path(os.environ.get("TRFAST_COLLECTIONS", ROOT.parent / "shared/collections"))
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
if len(sys.argv) > 7:
    from trfast import write_rttm
    write_rttm([result.annotation], sys.argv[7])
print(json.dumps({
    "hours": result.duration / 3600, "loading": loaded - start, "seconds": seconds,
    "stages": dict(result.stage_seconds), "megabytes": peak,
    "turns": len(result.annotation), "speakers": len(result.speakers),
}))
"""


def shows() -> list[Path]:
    """Audio to make long files of."""
    return find_audio([COLLECTIONS if COLLECTIONS.is_dir() else ROOT / "examples/audio"])


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


@dataclass(frozen=True)
class Joined:
    """What is said in a file of joined shows, in seconds of it.

    Parameters
    ----------
    turns : list of (start, end, speaker)
    shows, scored : list of (start, end)
        Scored: of each show, as its collection has it.
    """

    turns: list[tuple[float, float, str]] = field(default_factory=list)
    shows: list[tuple[float, float]] = field(default_factory=list)
    scored: list[tuple[float, float]] = field(default_factory=list)

    def errors(self, hypothesis: Annotation, hours: float) -> dict[str, float]:
        """Error rates of the first hours, of the file and within its shows, in percent."""
        name, whole = hypothesis.recording, Annotation(hypothesis.recording, self.turns)
        shows = [(start, min(end, 3600 * hours)) for start, end in self.shows]
        reference, heard, uem = {}, {}, {}
        for number, (start, end) in enumerate(shows):
            if start < end:
                cut, key = Timeline([(start, end)]), str(number)
                reference[key], heard[key] = whole.crop(cut), hypothesis.crop(cut)
                own = [(max(a, start), min(b, end)) for a, b in self.scored if start <= a < end]
                uem[key] = Timeline(own)
        every = Timeline([segment for own in uem.values() for segment in own])
        found = {}
        for kind, arguments in (
            ("file", ({name: whole}, {name: hypothesis}, {name: every})),
            ("shows", (reference, heard, uem)),
        ):
            total = diarization_error(*arguments[:2], uem=arguments[2], skip_overlap=True).total
            found[f"DER, {kind}"] = 100 * total.error_rate
            found[f"speaker error, {kind}"] = 100 * total.speaker_error / total.scored
        speakers = whole.crop(every).speakers
        return found | {"speakers, reference": len(speakers)}


def write_joined(path: Path, hours: float, names: tuple[str, ...]) -> Joined:
    """Write shows of these collections as a WAV file of that length."""
    collections = [LabelledCollection.read(COLLECTIONS / name) for name in names]
    every = [(collection, name) for collection in collections for name in collection.audio]
    rng = random.Random(0)
    n_samples, most, joined = 0, round(hours * 3600 * SAMPLE_RATE), Joined()
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        while n_samples < most:
            rng.shuffle(every)
            for collection, name in every:
                samples = decoded(collection.audio[name])[: most - n_samples]
                file.write(samples)
                start = n_samples / SAMPLE_RATE
                n_samples += len(samples)
                end = n_samples / SAMPLE_RATE
                joined.shows.append((start, end))
                turns = collection.reference[name].turns
                joined.turns.extend((start + t.start, start + t.end, t.speaker) for t in turns)
                uem = (collection.uem or {}).get(name, Timeline([(0, end - start)]))
                joined.scored.extend((start + s.start, start + s.end) for s in uem)
                if n_samples == most:
                    break
    return joined


@cache
def decoded(path: Path) -> npt.NDArray[np.int16]:
    """The samples of a show."""
    return np.rint(load(path) * 32767).astype(np.int16)


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
    for what, value in result.get("errors", {}).items():
        click.echo(f"  {what}: {value:.2f}")
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
@click.option("--of", "names", multiple=True, help="Name of a collection with a reference.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write results here.")
def main(
    hours: tuple[float, ...],
    model: str,
    detector: str,
    embedder: str,
    mode: str,
    segments: bool,
    names: tuple[str, ...],
    json_path: Path | None,
) -> None:
    """Measure the whole way on long files."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        whole, rttm, joined = Path(folder) / "whole.wav", Path(folder) / "found.rttm", None
        if names:
            joined = write_joined(whole, max(hours), names)
        else:
            write_long(whole, max(hours))
        for length in sorted(hours):
            path = whole
            if length < max(hours):
                path = Path(folder) / f"{length:g}.wav"
                write_start(path, whole, length)
            for way in ("", "segments")[: 1 + segments]:
                told = [str(rttm)] if joined else []
                result = run(path, model, detector, embedder, mode, way, *told) | {"way": way}
                if joined:
                    (found,) = read_rttm(rttm).values()
                    result["errors"] = joined.errors(found, length)
                results.append(result)
                show(result, way)
    if json_path:
        json_path.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
