"""Error of the default path on labelled collections, and where it comes from.

    python benchmarks/accuracy.py COLLECTION... [--model M] [--sweep]

For each collection, three ways: all automatic, with the reference's speech marks, and with the
reference's segments (each turn one segment). DER with a collar of 0.25 s each side, overlap
left out. Then EER and minDCF of the cosine, one vector a speaker a recording, from the
reference; and the same with the collections pooled, all pairs.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from trfast.annotation import Annotation
from trfast.diarization import Diarization, Diarizer
from trfast.evaluation import (
    ErrorTimes,
    diarization_error,
    equal_error_rate,
    minimum_dcf,
    oracle_linking,
    verification_trials,
)
from trfast.features import MfccConfig
from trfast.labelled import LabelledCollection
from trfast.linking import link
from trfast.model import ModelBundle, load_model
from trfast.training import frames_of, reference_segments, reference_vectors


def score(
    collection: LabelledCollection, hypothesis: dict[str, Annotation], across: bool
) -> ErrorTimes:
    """Pooled DER of a collection."""
    return diarization_error(
        collection.reference,
        hypothesis,
        uem=collection.uem,
        skip_overlap=True,
        across_recordings=across,
    ).total


def linked(
    model: ModelBundle, local: list[Diarization], threshold: float, constrain: bool = True
) -> dict[str, Annotation]:
    """Annotations with collection-wide names."""
    vectors = model.project(np.concatenate([d.vectors for d in local]))
    recordings = [d.recording for d in local for _ in d.speakers]
    names = iter(
        link(vectors, recordings, threshold=threshold, constrain=constrain).labels.tolist()
    )
    return {
        d.recording: d.annotation.rename({s: str(next(names)) for s in d.speakers}) for d in local
    }


def percent(times: ErrorTimes) -> str:
    """Write the DER and its components in percent."""
    parts = (times.missed, times.false_alarm, times.speaker_error)
    components = " ".join(f"{100 * part / times.scored:6.2f}" for part in parts)
    return f"{100 * times.error_rate:6.2f} = {components}"


def measure(
    model: ModelBundle,
    collection: LabelledCollection,
    frames: dict[str, tuple[np.ndarray, float]],
    sweep: bool,
) -> None:
    """Print the errors of one collection."""
    mfcc: MfccConfig = model.mfcc
    diarizer = Diarizer(model)
    click.echo(f"\n{collection.path.name}: DER = missed + false alarm + speaker error, in percent")
    for way in ("automatic", "reference speech", "reference segments"):
        segments = []
        for name, (static, duration) in frames.items():
            reference = collection.reference[name]
            segments.append(
                diarizer.embed(
                    static,
                    duration=duration,
                    recording=name,
                    speech=reference.timeline() if way == "reference speech" else None,
                    segments=reference_segments(reference, len(static), mfcc)[0]
                    if way == "reference segments"
                    else None,
                )
            )
        local = [diarizer.cluster(s) for s in segments]
        hypothesis = {d.recording: d.annotation for d in local}
        click.echo(f"  {way:18} I-DER {percent(score(collection, hypothesis, False))}")
        across = linked(model, local, model.thresholds["across"])
        click.echo(f"  {way:18} X-DER {percent(score(collection, across, True))}")
        oracle = oracle_linking(
            collection.reference,
            {
                s.recording: Annotation(
                    s.recording, [(a, b, str(k)) for k, (a, b) in enumerate(s.seconds.tolist())]
                )
                for s in segments
            },
        )
        click.echo(f"  {way:18} oracle {percent(score(collection, oracle, False))}")
        if sweep:
            for threshold in np.arange(0.1, 0.8, 0.05):
                within = Diarizer(model, threshold=float(threshold))
                local_t = {s.recording: within.cluster(s).annotation for s in segments}
                free, constrained = (
                    score(collection, linked(model, local, float(threshold), constrain), True)
                    for constrain in (False, True)
                )
                click.echo(
                    f"    at {threshold:.2f}: I-DER"
                    f" {100 * score(collection, local_t, False).error_rate:6.2f}"
                    f"  X-DER {100 * free.error_rate:6.2f}"
                    f"  constrained {100 * constrained.error_rate:6.2f}"
                )


@click.command()
@click.argument("collections", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.")
@click.option("--sweep", is_flag=True, help="DER at other thresholds as well (not for tuning).")
def main(collections: tuple[Path, ...], model_path: Path | None, sweep: bool) -> None:
    """Measure the error on labelled collections."""
    model = load_model(model_path)
    click.echo(f"model {model.content_hash[:12]}, thresholds {model.thresholds}")
    pooled: list[tuple[np.ndarray, list[str]]] = []
    for path in collections:
        collection = LabelledCollection.read(path)
        frames = {name: frames_of(file, model.mfcc) for name, file in collection.audio.items()}
        measure(model, collection, frames, sweep)
        vectors = reference_vectors(
            {name: static for name, (static, _) in frames.items()},
            collection.reference,
            model.embedder,
            model.mfcc,
        )
        pooled.append((model.project(vectors.vectors), list(vectors.speakers)))
    click.echo("\nverification by cosine, one vector a speaker a recording")
    names = [path.name for path in collections]
    if len(pooled) > 1:
        pooled.append((np.concatenate([v for v, _ in pooled]), [s for _, p in pooled for s in p]))
        names.append("pooled")
    for name, (vectors_, speakers) in zip(names, pooled, strict=True):
        scores, labels = verification_trials(vectors_, speakers)
        click.echo(
            f"  {name:12} EER {100 * equal_error_rate(scores, labels):5.2f} %"
            f"  minDCF {minimum_dcf(scores, labels):.3f}"
            f"  ({labels.sum()} target, {(~labels).sum()} non-target pairs)"
        )


if __name__ == "__main__":
    main()
