"""Compose the example shows from the voice prompts of Debian's Asterisk packages.

Fetch and unpack the packages on a Debian system, then run this script in the
repository's environment (it needs ``trfast[av]``)::

    mkdir prompts && cd prompts
    apt-get download asterisk-core-sounds-{en,es,fr,it,ru}-g722 \
        asterisk-prompt-fr-armelle asterisk-prompt-it-menardi-wav
    for package in *.deb; do dpkg -x "$package" "${package%%_*}"; done
    cd .. && python examples/compose.py prompts

It writes ``audio/show-*.opus``, ``ref.rttm`` and ``all.uem`` beside itself, the same
ones each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from trfast.annotation import Annotation, Timeline, Turn
from trfast.audio import SAMPLE_RATE, load, probe
from trfast.formats import write_rttm, write_uem

Samples = npt.NDArray[np.float64]

SEED = 2017
BIT_RATE = 32000

# Folder of prompts -> the person heard. Allison Smith recorded both English and Spanish.
VOICES = {
    "asterisk-core-sounds-en-g722": "allison",
    "asterisk-core-sounds-es-g722": "allison",
    "asterisk-core-sounds-fr-g722": "june",
    "asterisk-core-sounds-it-g722": "carlo",
    "asterisk-core-sounds-ru-g722": "ivrvoice",
    "asterisk-prompt-it-menardi-wav": "paola",
    "asterisk-prompt-fr-armelle": "armelle",
}
EN, ES, FR, IT, RU, PAOLA, ARMELLE = VOICES

# Show -> who takes part, number of turns, number of turns that start over the last one's end.
SHOWS = {
    "show-1": ((EN, FR, IT, RU), 13, 0),
    "show-2": ((EN, FR, IT, PAOLA), 13, 1),
    "show-3": ((FR, RU, ARMELLE), 13, 2),
    "show-4": ((ES, FR, IT, RU, PAOLA), 13, 1),
}

NOT_SPEECH = (
    "beep",
    "tone",
    "monkeys",
    "weasels",
    "silence",
    "confbridge-join",
    "confbridge-leave",
)
SPELLED = {"digits", "letters", "phonetic", "silence"}
CLOSED_GAP = 0.5  # seconds; shorter gaps are part of a reference turn


def decibels(level: float) -> float:
    return float(10 ** (level / 20))


def root_mean_square(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def spoken(samples: Samples) -> Timeline:
    """Find where a clean prompt is within 35 dB of its loud parts, gaps closed."""
    frame = SAMPLE_RATE // 100
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    level = np.convolve(level, np.ones(3) / 3, mode="same")
    loud = np.concatenate([[False], level > np.percentile(level, 95) - 35, [False]])
    edges = np.flatnonzero(np.diff(loud.astype(int))).reshape(-1, 2) / 100
    return Timeline((a, b) for a, b in edges.tolist() if b - a >= 0.06).merged(CLOSED_GAP)


def prompts(folder: Path, rng: Generator) -> Iterator[tuple[Samples, Timeline]]:
    """Yield a voice's sentences in random order, each one once, cut where speech ends."""
    seen = set()
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in {".g722", ".wav", ".gsm"}
        and path.parent.name not in SPELLED
        and not any(word in path.stem for word in NOT_SPEECH)
        and path.stat().st_size
    )
    for index in rng.permutation(len(paths)):
        content = paths[index].read_bytes()
        if content in seen:  # two names of one prompt
            continue
        seen.add(content)
        samples = load(paths[index]).astype(np.float64)
        speech = spoken(samples)
        if len(speech) and 1.5 <= speech.duration <= 9.0:
            first, last = speech.starts[0], speech.ends[-1]
            yield (
                samples[round(first * SAMPLE_RATE) : round(last * SAMPLE_RATE)],
                Timeline.from_arrays(speech.starts - first, speech.ends - first),
            )


def make_turn(
    source: Iterator[tuple[Samples, Timeline]], rng: Generator
) -> tuple[Samples, Timeline]:
    """Join prompts with short pauses until they last long enough: 3 to 12 s."""
    wanted = rng.uniform(3.0, 8.0)
    parts: list[Samples] = []
    speech: list[tuple[float, float]] = []
    duration = 0.0
    for samples, stretches in source:
        if duration + len(samples) / SAMPLE_RATE > 12.0:
            continue
        if parts:
            pause = round(rng.uniform(0.15, 0.4) * SAMPLE_RATE)
            parts.append(np.zeros(pause))
            duration += pause / SAMPLE_RATE
        speech += [(s.start + duration, s.end + duration) for s in stretches]
        parts.append(samples)
        duration += len(samples) / SAMPLE_RATE
        if duration >= wanted:
            return np.concatenate(parts), Timeline(speech).merged(CLOSED_GAP)
    raise RuntimeError("a voice has too few prompts")


def channel(rng: Generator) -> tuple[Samples, float, float]:
    """Draw a voice's channel in a show: equalization (dB at four frequencies), level, noise."""
    return rng.normal(0, 2.0, 4), rng.uniform(-28, -22), rng.uniform(-64, -56)


def transmit(samples: Samples, settings: tuple[Samples, float, float], rng: Generator) -> Samples:
    gains, level, noise = settings
    frequency = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    curve = np.interp(np.log(frequency + 1), np.log([100, 500, 2000, 7000]), gains)
    samples = np.fft.irfft(np.fft.rfft(samples) * 10 ** (curve / 20), len(samples))
    samples *= decibels(level) / root_mean_square(samples)
    samples += decibels(noise) * rng.standard_normal(len(samples))
    fade = np.minimum(1, np.arange(len(samples)) / (0.01 * SAMPLE_RATE))
    return samples * fade * fade[::-1]


def jingle(rng: Generator) -> Samples:
    """Play four notes of a chord as plucked, decaying partials, 2.6 s in all."""
    time = np.arange(round(2.6 * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.zeros_like(time)
    for k, semitones in enumerate(rng.permutation([0, 4, 7, 12])):
        since = np.maximum(0, time - 0.3 * k)
        for partial in (1, 2, 3, 4):
            pitch = 330 * 2 ** (semitones / 12) * partial
            sound += np.sin(2 * np.pi * pitch * since) * np.exp(-(2 + partial) * since) / partial
    sound *= np.minimum(1, (time[-1] - time) / 0.2)
    return sound * decibels(-24) / root_mean_square(sound)


def compose(
    name: str, sources: dict[str, Iterator[tuple[Samples, Timeline]]], rng: Generator
) -> tuple[Samples, Annotation]:
    """Make one show: its samples, and who speaks when."""
    folders, n_turns, n_overlaps = SHOWS[name]
    channels = {folder: channel(rng) for folder in folders}
    overlapping = rng.choice(np.arange(2, n_turns), n_overlaps, replace=False)
    order: list[str] = []
    while len(order) < n_turns:
        lap = rng.permutation(folders).tolist()
        if not order or order[-1] != lap[0]:
            order += lap
    pieces = [(0, jingle(rng))]
    turns: list[Turn] = []
    end = len(pieces[0][1])
    for k, folder in enumerate(order[:n_turns]):
        samples, speech = make_turn(sources[folder], rng)
        pause = rng.uniform(-0.7, -0.4) if k in overlapping else rng.uniform(0.6, 1.2)
        start = end + round(pause * SAMPLE_RATE)
        pieces.append((start, transmit(samples, channels[folder], rng)))
        offset = start / SAMPLE_RATE
        turns += [Turn(s.start + offset, s.end + offset, VOICES[folder]) for s in speech]
        end = start + len(samples)
    show = decibels(-62) * rng.standard_normal(end + SAMPLE_RATE)  # the studio's own noise
    for start, samples in pieces:
        show[start : start + len(samples)] += samples
    return show, Annotation(name, turns)


def write_opus(samples: Samples, path: Path) -> None:
    # bitexact: without the random serial number of an Ogg stream
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        track: Any = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        track.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(
            (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None], "s16", "mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
        split = av.AudioResampler("s16", "mono", SAMPLE_RATE, frame_size=SAMPLE_RATE // 50)
        for part in [*split.resample(frame), *split.resample(None), None]:
            container.mux(track.encode(part))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompts", type=Path, help="folder of the unpacked packages")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    (arguments.out / "audio").mkdir(parents=True, exist_ok=True)

    rng = np.random.default_rng(SEED)
    sources = {folder: prompts(arguments.prompts / folder, rng) for folder in VOICES}
    annotations, whole = [], {}
    for name in SHOWS:
        samples, annotation = compose(name, sources, rng)
        path = arguments.out / "audio" / f"{name}.opus"
        write_opus(samples, path)
        annotations.append(annotation)
        whole[name] = Timeline([(0.0, probe(path).duration)])
        print(annotation, f"{probe(path).duration:.1f} s, peak {abs(samples).max():.2f}")
    write_rttm(annotations, arguments.out / "ref.rttm")
    write_uem(whole, arguments.out / "all.uem")


if __name__ == "__main__":
    main()
