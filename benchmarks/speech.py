"""Missed speech and false alarm of speech detectors on labelled collections, and their speed.

    python benchmarks/speech.py COLLECTION... [--detector FILE.onnx] [--model M] [--part 0|1]
        [--penalty P]... [--bias B]... [--padding S]... [--collar S]

The model's own, and one in an ONNX file with each of the settings given. In percent of the speech
scored: a collar on each side, overlap left out, time in the UEM. Speed in CPU time of one thread,
from frames or from samples, which are there already.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import numpy as np

from trfast._threads import blas_limit
from trfast.annotation import Annotation, Timeline
from trfast.audio import SAMPLE_RATE, load
from trfast.evaluation import diarization_error
from trfast.model import ModelBundle, load_model
from trfast.speech import OnnxDetector, OnnxDetectorConfig, regions_to_timeline
from trfast.training import frames_of
from trfast.training.labelled import LabelledCollection

Regions = Mapping[str, Timeline]


def show(
    what: str, collection: LabelledCollection, found: Regions, speed: float, collar: float
) -> None:
    """Print a line."""
    heard = {
        name: Annotation(name, [(s.start, s.end, "speech") for s in regions])
        for name, regions in found.items()
    }
    reference = {name: collection.reference[name] for name in found}
    times = diarization_error(
        reference, heard, uem=collection.uem, collar=collar, skip_overlap=True
    ).total
    missed, false = (100 * part / times.scored for part in (times.missed, times.false_alarm))
    click.echo(
        f"  {what:38} {missed:5.2f} + {false:5.2f} = {missed + false:5.2f} %"
        f"  {speed:8,.0f} times real time"
    )


def by_model(
    model: ModelBundle, collection: LabelledCollection, names: Sequence[str], collar: float
) -> None:
    """Measure the model's own."""
    found, seconds, spent = {}, 0.0, 0.0
    for name in names:
        static, duration = frames_of(collection.audio[name], model.mfcc)
        start = time.thread_time()
        regions = model.detector.detect(static)
        spent += time.thread_time() - start
        found[name] = regions_to_timeline(regions, len(static), duration, model.mfcc)
        seconds += duration
    show("model", collection, found, seconds / spent, collar)


def by_file(
    file: Path,
    configs: Sequence[OnnxDetectorConfig],
    collection: LabelledCollection,
    names: Sequence[str],
    collar: float,
) -> None:
    """Measure one in a file with each of the settings."""
    detectors = [OnnxDetector(file, config=config) for config in configs]
    probabilities, durations, spent = {}, {}, 0.0
    for name in names:
        samples = load(collection.audio[name])
        start = time.thread_time()
        probabilities[name] = np.concatenate(list(detectors[0].stream(samples)))
        spent += time.thread_time() - start
        durations[name] = len(samples) / SAMPLE_RATE
    for detector in detectors:
        own = detector.config
        start = time.thread_time()
        found = {n: detector.timeline(probabilities[n], durations[n]) for n in names}
        speed = sum(durations.values()) / (spent + time.thread_time() - start)
        show(
            f"penalty {own.penalty:g}, bias {own.bias:g}, padding {own.padding:g}",
            collection,
            found,
            speed,
            collar,
        )


DEFAULT = OnnxDetectorConfig()


@click.command()
@click.argument("collections", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--detector", type=click.Path(path_type=Path), help="ONNX file.")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.")
@click.option("--part", type=click.IntRange(0, 1), help="Every other recording, from this.")
@click.option("--penalty", multiple=True, type=float, default=[DEFAULT.penalty])
@click.option("--bias", multiple=True, type=float, default=[DEFAULT.bias])
@click.option("--padding", multiple=True, type=float, default=[DEFAULT.padding])
@click.option("--collar", default=0.25, show_default=True)
def main(
    collections: tuple[Path, ...],
    detector: Path | None,
    model_path: Path | None,
    part: int | None,
    penalty: tuple[float, ...],
    bias: tuple[float, ...],
    padding: tuple[float, ...],
    collar: float,
) -> None:
    """Measure detectors on labelled collections."""
    model = load_model(model_path)
    configs = [
        replace(DEFAULT, penalty=p, bias=b, padding=s)
        for p, b, s in product(penalty, bias, padding)
    ]
    for path in collections:
        collection = LabelledCollection.read(path)
        names = sorted(collection.audio)[part :: 1 if part is None else 2]
        click.echo(f"{path.name}: missed + false alarm")
        with blas_limit():
            by_model(model, collection, names, collar)
            if detector is not None:
                by_file(detector, configs, collection, names, collar)


if __name__ == "__main__":
    main()
