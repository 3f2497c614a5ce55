"""Error of the whole path on labelled collections, and which stage it comes from.

    python benchmarks/accuracy.py COLLECTION... [--model M] [--backend B]... [--clustering C]...
        [--segments] [--mode hybrid] [--oracle-count] [--detector model|energy|FILE.onnx]

For each collection: all automatic, and with the reference's speech marks; with `--segments`, as the
paper does it, with the reference's segments as well (each turn one segment). Each time what perfect
linking of the segments leaves, then I-DER and X-DER of each back-end and clustering at the model's
thresholds; with `--oracle-count`, each recording is told how many speakers its reference has. DER
with a collar of 0.25 s each side, overlap left out. Then EER and minDCF, one vector a speaker a
recording, from the reference; and the same with the collections pooled, all pairs. For a neural
embedding, also of the plain cosine: of its vectors as they are, neither centred nor whitened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from trfast.annotation import Annotation
from trfast.audio import stream
from trfast.clustering import CLUSTERINGS
from trfast.comparison import Comparison
from trfast.diarization import Diarization, Diarizer, EmbeddedSegments, SpeakerCount
from trfast.errors import ParameterError
from trfast.evaluation import (
    diarization_error,
    equal_error_rate,
    minimum_dcf,
    oracle_linking,
    verification_trials_of_scores,
)
from trfast.linking import link_centred
from trfast.model import ModelBundle, load_model
from trfast.scoring.backend import BACKENDS, Backend
from trfast.speech import OnnxDetector
from trfast.training import embedder_frames, frames_of, reference_segments, reference_vectors
from trfast.training.labelled import LabelledCollection

WAYS = ("automatic", "reference speech", "reference segments")
Frames = Mapping[str, tuple[npt.NDArray[Any], float]]
Annotations = Mapping[str, Annotation]


def embedded(
    diarizer: Diarizer,
    way: str,
    collection: LabelledCollection,
    frames: Frames,
    counts: Mapping[str, SpeakerCount],
) -> list[tuple[EmbeddedSegments, SpeakerCount]]:
    """Segments of all recordings, as found in one of the three ways, and how many speakers were
    asked for: nothing where there is not speech enough."""
    found = []
    for name, (static, duration) in frames.items():
        reference = collection.reference[name]
        marks: dict[str, Any] = {}
        if way == "reference speech":
            marks["speech"] = reference.timeline()
        elif way == "automatic" and isinstance(diarizer.detector, OnnxDetector):
            marks["speech"] = diarizer.detector.detect(stream(collection.audio[name]))
        elif way == "reference segments":
            marks["segments"] = reference_segments(reference, len(static), diarizer.model.mfcc)[0]
        if diarizer.model.neural is not None:
            marks["banks"] = embedder_frames(collection.audio[name], diarizer.model)
        for count in (counts.get(name, SpeakerCount()), SpeakerCount()):
            marks |= {"duration": duration, "recording": name, "speaker_count": count}
            try:
                found.append((diarizer.embed(static, **marks), count))
                break
            except ParameterError as error:
                click.echo(f"  {error}")
    return found


def oracle_counts(collection: LabelledCollection) -> dict[str, SpeakerCount]:
    """How many speakers the scored part of each reference has."""
    uem = collection.uem or {}
    return {
        name: SpeakerCount(len((a.crop(uem[name]) if name in uem else a).speakers))
        for name, a in collection.reference.items()
    }


def linked(local: Sequence[Diarization], comparison: Comparison) -> dict[str, Annotation]:
    """Annotations with collection-wide names."""
    links = link_centred(
        np.concatenate([d.vectors for d in local]),
        [d.recording for d in local for _ in d.speakers],
        comparison,
    )
    names = iter(links.labels.tolist())
    return {
        d.recording: d.annotation.rename({s: str(next(names)) for s in d.speakers}) for d in local
    }


def percent(collection: LabelledCollection, hypothesis: Annotations, *, across: bool) -> str:
    """Write the pooled DER and its components in percent."""
    times = diarization_error(
        collection.reference,
        hypothesis,
        uem=collection.uem,
        skip_overlap=True,
        across_recordings=across,
    ).total
    parts = (times.missed, times.false_alarm, times.speaker_error)
    components = " ".join(f"{100 * part / times.scored:5.2f}" for part in parts)
    return f"{100 * times.error_rate:5.2f} = {components}"


def measure(
    model: ModelBundle,
    pairs: Sequence[tuple[str, str]],
    collection: LabelledCollection,
    frames: Frames,
    *,
    by_segments: bool,
    counts: Mapping[str, SpeakerCount],
    detector: str | OnnxDetector,
    local_model: ModelBundle | None = None,
) -> None:
    """Print the errors of one collection."""
    click.echo(f"\n{collection.path.name}: DER = missed + false alarm + speaker error, in percent")
    for way in WAYS if by_segments else WAYS[:2]:
        comparison = model.within(*pairs[0]) if by_segments else None
        first = Diarizer(model, comparison=comparison, detector=detector, local_model=local_model)
        segments = embedded(first, way, collection, frames, counts)
        turns = {
            s.recording: Annotation(
                s.recording, [(*bounds, str(k)) for k, bounds in enumerate(s.seconds.tolist())]
            )
            for s, _ in segments
        }
        oracle = oracle_linking(collection.reference, turns)
        click.echo(f"  {way}\n    oracle      I-DER {percent(collection, oracle, across=False)}")
        local = [first.cluster(s, speaker_count=count) for s, count in segments]
        for pair in pairs:
            if by_segments:
                diarizer = Diarizer(model, comparison=model.within(*pair))
                local = [diarizer.cluster(s, speaker_count=count) for s, count in segments]
            i_der = percent(collection, {d.recording: d.annotation for d in local}, across=False)
            x_der = percent(collection, linked(local, model.across(*pair)), across=True)
            click.echo(f"    {' '.join(pair):11} I-DER {i_der}   X-DER {x_der}")


def verify(
    backends: Mapping[str, Backend], vectors: npt.NDArray[Any], speakers: Sequence[str]
) -> None:
    """Print EER and minDCF of all pairs."""
    for name, backend in backends.items():
        similarities = backend.similarity(backend.project(vectors))
        scores, targets = verification_trials_of_scores(similarities, speakers)
        click.echo(
            f"    {name:12} EER {100 * equal_error_rate(scores, targets):5.2f} %"
            f"  minDCF {minimum_dcf(scores, targets):.3f}"
        )


@click.command()
@click.argument("collections", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.")
@click.option("--embedder", type=click.Path(path_type=Path), help="Its ONNX file, if it is neural.")
@click.option(
    "--backend",
    "names",
    type=click.Choice(BACKENDS),
    multiple=True,
    help="Can be given again.  [default: all that the model has]",
)
@click.option(
    "--clustering",
    "clusterings",
    type=click.Choice(CLUSTERINGS),
    multiple=True,
    default=CLUSTERINGS,
    help="Can be given again.  [default: both]",
)
@click.option("--mode", type=click.Choice(["full", "hybrid"]), default="full", show_default=True)
@click.option(
    "--detector",
    "detector_name",
    default="model",
    show_default=True,
    metavar="model|energy|FILE.onnx",
    help="What finds speech.",
)
@click.option("--segments", "by_segments", is_flag=True, help="As the paper, without windows.")
@click.option("--oracle-count", is_flag=True, help="Tell how many speakers the reference has.")
def main(
    collections: tuple[Path, ...],
    model_path: Path | None,
    embedder: Path | None,
    names: tuple[str, ...],
    clusterings: tuple[str, ...],
    mode: str,
    detector_name: str,
    by_segments: bool,
    oracle_count: bool,
) -> None:
    """Measure the error on labelled collections."""
    model: ModelBundle = load_model(model_path, embedder=embedder)
    local_model = load_model() if mode == "hybrid" else None
    backends = [model.backend(name) for name in names or model.backends]
    pairs = [
        (backend.name, clustering)
        for backend, clustering in product(backends, clusterings)
        if clustering in backend.thresholds
    ]
    detector: str | OnnxDetector = detector_name
    if detector_name not in ("model", "energy"):
        detector = OnnxDetector(detector_name)
    click.echo(f"model {model.content_hash[:12]}")
    pooled = {}
    for path in collections:
        collection = LabelledCollection.read(path)
        config = (local_model or model).mfcc
        frames = {name: frames_of(file, config) for name, file in collection.audio.items()}
        measure(
            model,
            pairs,
            collection,
            frames,
            by_segments=by_segments or not model.windows,
            counts=oracle_counts(collection) if oracle_count else {},
            detector=detector,
            local_model=local_model,
        )
        taken = {name: array for name, (array, _) in frames.items()}
        if model.neural is not None:
            taken = {name: embedder_frames(file, model) for name, file in collection.audio.items()}
        pooled[path.name] = reference_vectors(
            taken, collection.reference, model.embedder, model.mfcc
        )
    click.echo("\nverification, one vector a speaker a recording")
    compared = {backend.name: backend for backend in backends}
    if model.neural is not None:
        compared["plain cosine"] = Backend(name="cosine")
    for name, own in pooled.items():
        click.echo(f"  {name}")
        verify(compared, own.vectors, own.speakers)
    if len(pooled) > 1:
        click.echo("  pooled")
        every = np.concatenate([own.vectors for own in pooled.values()])
        verify(compared, every, [s for own in pooled.values() for s in own.speakers])


if __name__ == "__main__":
    main()
