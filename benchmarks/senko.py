"""senko, another diarizer around CAM++, on a collection: turns for `trfast evaluate`, and speed.

    python -m benchmarks.senko COLLECTION OUTPUT.rttm [--unmerged OUTPUT.rttm] [--as-on-gpu]

Run from the repository's root with the interpreter of an environment of senko's own, which needs
nothing of trfast (PyTorch 2.13.0 in its build for CPUs, if pip is told where that is):

    python -m venv build/senko
    build/senko/bin/pip install torch==2.13.0 senko==0.2.2 asteroid-filterbanks einops
    build/senko/bin/python -m benchmarks.senko COLLECTION OUTPUT.rttm

On CPUs, senko finds speech with Silero; on GPUs with the segmentation network of pyannote, and in
finer steps. With `--as-on-gpu`, it is made to do so here, which it does not offer, and many times
more slowly. The turns are those that it calls merged: a speaker's pauses up to 4 s are filled,
turns up to 0.78 s dropped; `--unmerged` writes those before that, too.

One thread of PyTorch, BLAS and numba. What counts is CPU time, from 16 kHz WAV to turns; models are
loaded, and the first recording is diarized, before that.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
SAMPLE_RATE = 16_000


def load_diarizer(*, as_on_gpu: bool) -> Any:
    """senko on the CPU with one thread."""
    from senko import Diarizer  # once the variables of the environment are set

    diarizer = Diarizer(device="cpu", warmup=False)
    diarizer.logical_cores = 1  # what it gives to PyTorch after speech detection
    if as_on_gpu:
        from senko.config import resolve_model_paths
        from senko.vad_local_pyannote import LocalSegmentationVADCuda

        file = resolve_model_paths().pyannote_segmentation_senko_model_path
        diarizer.vad_backend = LocalSegmentationVADCuda(file, diarizer.torch_device)
        diarizer.vad_model_type = "pyannote"
    return diarizer


def write_wav(source: Path, target: Path) -> float:
    """Decode to mono and 16 bits; return the duration in seconds."""
    import soundfile

    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        raise SystemExit(f"{source}: {rate} Hz, expected {SAMPLE_RATE}; resample it first")
    soundfile.write(target, samples.mean(axis=1), rate, subtype="PCM_16")
    return float(len(samples) / rate)


def rttm(name: str, segments: Iterable[Mapping[str, Any]]) -> str:
    """Lines of a recording."""
    return "".join(
        f"SPEAKER {name} 1 {s['start']:.3f} {s['end'] - s['start']:.3f}"
        f" <NA> <NA> {s['speaker']} <NA> <NA>\n"
        for s in segments
    )


def main() -> None:
    """Diarize a collection."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("collection", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--unmerged", type=Path, metavar="OUTPUT")
    parser.add_argument("--as-on-gpu", action="store_true")
    arguments = parser.parse_args()

    os.environ |= dict.fromkeys(VARIABLES, "1")
    diarizer = load_diarizer(as_on_gpu=arguments.as_on_gpu)
    files = sorted((arguments.collection / "audio").iterdir())
    merged, unmerged, seconds, spent = [], [], 0.0, 0.0
    with TemporaryDirectory() as folder:
        for k, file in enumerate(files):
            wav = Path(folder, "audio.wav")
            seconds += write_wav(file, wav)
            if k == 0:
                diarizer.diarize(str(wav), accurate=arguments.as_on_gpu)
            start = time.process_time()
            result = diarizer.diarize(str(wav), accurate=arguments.as_on_gpu)
            spent += time.process_time() - start
            if result:  # none where there is no speech
                merged.append(rttm(file.stem, result["merged_segments"]))
                unmerged.append(rttm(file.stem, result["raw_segments"]))
    arguments.output.write_text("".join(merged), encoding="utf-8")
    if arguments.unmerged:
        arguments.unmerged.write_text("".join(unmerged), encoding="utf-8")
    print(
        f"{arguments.collection.name}: senko {version('senko')}, {diarizer.vad_model_type},"
        f" {len(files)} recordings, {seconds:.0f} s of audio in {spent:.1f} s of CPU time,"
        f" {seconds / spent:.1f} times real time"
    )


if __name__ == "__main__":
    main()
