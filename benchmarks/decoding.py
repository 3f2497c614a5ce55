"""Decoding, format by format, beside the ffmpeg command.

    python -m benchmarks.decoding [--minutes 30] [--ffmpeg PATH] [--rounds 5] [-o F.md]

Speech of the example shows is written in each format by the ffmpeg command, which is then asked for
16 kHz mono to nowhere, with one thread; ours is `trfast.audio.stream`, in a process of its own too.
They take turns. Times are CPU seconds, starting up left out (that of a short file). The last column
is the share of decoding in the whole way, with the default model.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import click
import soundfile

from benchmarks.end_to_end import ONE_THREAD, run
from benchmarks.render import commit, table
from trfast.audio import SAMPLE_RATE, find_audio, stream

ROOT = Path(__file__).parents[1]

STEREO = ["-af", "pan=stereo|c0=c0|c1=0.7*c0"]
FORMATS = {
    # name: title, options of ffmpeg
    "16.wav": ("WAV, 16 kHz", ["-ar", "16000"]),
    "44.wav": ("WAV, 44.1 kHz stereo", [*STEREO, "-ar", "44100"]),
    "48.wav": ("WAV, 48 kHz stereo", [*STEREO, "-ar", "48000"]),
    "44.flac": ("FLAC, 44.1 kHz stereo", [*STEREO, "-ar", "44100"]),
    "44.mp3": ("MP3, 44.1 kHz stereo", [*STEREO, "-ar", "44100", "-b:a", "128k"]),
    "44.m4a": ("AAC in MP4, 44.1 kHz stereo", [*STEREO, "-ar", "44100", "-b:a", "128k"]),
    "48.opus": ("Opus in Ogg, 48 kHz stereo", [*STEREO, "-ar", "48000", "-b:a", "64k"]),
    "48.webm": (
        "Opus in WebM, 48 kHz stereo",
        [*STEREO, "-ar", "48000", "-c:a", "libopus", "-b:a", "64k"],
    ),
}

CHILD = """
import sys, time
from trfast.audio import stream
def decode(path):
    start = time.process_time()
    for block in stream(path):
        pass
    return time.process_time() - start
decode(sys.argv[1])
print(decode(sys.argv[2]))
"""


def write_source(path: Path, minutes: float) -> None:
    """Write the example shows, over and over."""
    n_left = round(60 * minutes * SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        while n_left:
            for show in find_audio([ROOT / "examples/audio"]):
                for block in stream(show):
                    file.write(block[:n_left])
                    n_left = max(0, n_left - len(block))


def encode(ffmpeg: str, source: Path, path: Path, *options: str) -> None:
    """Write a file in the format that its name says."""
    words = [ffmpeg, "-v", "error", "-nostdin", "-y", "-i", source, *options, path]
    subprocess.run(words, check=True)


def ours(path: Path, short: Path) -> float:
    """Return CPU seconds of trfast."""
    words = [sys.executable, "-c", CHILD, short, path]
    done = subprocess.run(words, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


def theirs(ffmpeg: str, path: Path, short: Path) -> float:
    """Return CPU seconds of the ffmpeg command."""
    return _seconds(ffmpeg, path) - _seconds(ffmpeg, short)


def _seconds(ffmpeg: str, path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    given = [ffmpeg, "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1", "-i", path]
    wanted = ["-ar", "16000", "-ac", "1", "-f", "s16le", "-y", os.devnull]
    subprocess.run([*given, *wanted], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(ffmpeg: str, path: Path, short: Path, minutes: float, rounds: int) -> list[str]:
    """Return a row of the table."""
    pairs = [(ours(path, short), theirs(ffmpeg, path, short)) for _ in range(rounds)]
    us, them = (median(times) for times in zip(*pairs, strict=True))
    whole = run(path, "", "", "", "full", "")
    seconds = 60 * minutes
    return [
        f"{seconds / us:,.0f}",
        f"{seconds / them:,.0f}",
        f"{them / us:.2f}",
        f"{seconds / whole['seconds']:,.0f}",
        f"{whole['stages']['audio'] / sum(whole['stages'].values()):.0%}",
    ]


@click.command()
@click.option("--minutes", default=30.0, show_default=True)
@click.option("--rounds", default=5, show_default=True)
@click.option("--ffmpeg", default="ffmpeg", show_default=True, help="The command.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page here.")
@click.option("--shared", is_flag=True, help="Say that others worked on the machine meanwhile.")
def main(minutes: float, rounds: int, ffmpeg: str, output: Path | None, shared: bool) -> None:
    """Measure decoding beside ffmpeg."""
    if shutil.which(ffmpeg) is None:
        raise click.UsageError(f"{ffmpeg}: no such command; name it with --ffmpeg")
    version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_source(folder / "source.wav", minutes)
        write_source(folder / "short.wav", 0.01)
        for file, (title, options) in FORMATS.items():
            encode(ffmpeg, folder / "source.wav", folder / file, *options)
            encode(ffmpeg, folder / "short.wav", folder / f"short-{file}", *options)
            row = measure(ffmpeg, folder / file, folder / f"short-{file}", minutes, rounds)
            rows.append([title, *row])
            click.echo(json.dumps(rows[-1]))
    header = "format|trfast|ffmpeg|times as fast|the whole way|share of decoding"
    lines = [
        "# Decoding\n",
        f"Written by `python -m benchmarks.decoding`: {minutes:g} min of speech in each format to",
        "16 kHz mono, beside the ffmpeg command, one core each, in turns; in times real time, from",
        f"the medians of {rounds} runs. The whole way is from the file to turns and vectors.\n",
        f"- {version.stdout.splitlines()[0].split(' Copyright')[0]}",
        f"- Measured at commit {commit()}{', on a machine that others used meanwhile' * shared}\n",
        *table(header, rows),
        f"Slower than ffmpeg: {'; '.join(row[0] for row in rows if float(row[3]) < 1) or 'none'}.",
    ]
    if output:
        output.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
