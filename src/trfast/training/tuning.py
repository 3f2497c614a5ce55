"""tune_model: the thresholds of a model, set on a labelled collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt

from trfast._names import CLUSTERINGS, BackendName, ClusteringName, DetectorName
from trfast.audio import stream
from trfast.comparison import Comparison
from trfast.diarization import Diarizer, EmbeddedSegments
from trfast.errors import CollectionError, ModelError
from trfast.evaluation.verification import verification_trials_of_scores
from trfast.model import ModelBundle
from trfast.scoring.backend import Backend
from trfast.scoring.calibration import (
    LogisticCalibration,
    ScoreHistogram,
    best_threshold,
    score_histogram,
)
from trfast.speech import Detector
from trfast.training import SpeakerVectors, embedder_frames, frames_of, reference_vectors
from trfast.training.labelled import LabelledCollection
from trfast.training.recordings import joined, over_recordings
from trfast.training.stages import Progress
from trfast.training.thresholds import Fold, HeldBack, Tuned, tune

_BINS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class TrialScores:
    """How a back-end scores the pairs of vectors of a collection, one a speaker a recording.

    Parameters
    ----------
    histogram : ScoreHistogram
    threshold : float
        Of the least detection cost with 1 % target pairs; infinity where it is best to refuse all.
    calibration : LogisticCalibration or None
        Scores to log-likelihood ratios; None where the pairs determine none, as when all target
        pairs score higher than all others.
    """

    histogram: ScoreHistogram
    threshold: float
    calibration: LogisticCalibration | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning:
    """A tuned model, and what it was tuned by.

    Parameters
    ----------
    model : ModelBundle
        With the new thresholds.
    errors : mapping of str to mapping of str to Tuned
        Thresholds and their errors on the collection, by back-end and clustering. They are too
        good to report: the collection has chosen the thresholds.
    scores : mapping of str to TrialScores
        By back-end.
    """

    model: ModelBundle
    errors: Mapping[BackendName, Mapping[ClusteringName, Tuned]]
    scores: Mapping[BackendName, TrialScores]


def tune_model(
    model: ModelBundle,
    collection: LabelledCollection,
    *,
    backends: Iterable[BackendName] | None = None,
    keep_default: bool = False,
    detector: DetectorName | Detector = "model",
    executor: Executor | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """Set the thresholds of a model to those of the least error on a labelled collection.

    Those within recordings have the least DER by recording (I-DER), those across them the least
    across recordings (X-DER): collar 0.25 s, overlap left out. A collection that was diarized with
    the untuned model, by windows, can be linked with the tuned one.

    Parameters
    ----------
    model : ModelBundle
        It is not changed.
    collection : LabelledCollection
        With speakers who come back.
    backends : iterable of str, optional
        Back-ends to tune, with all clusterings; default: all of the model.
    keep_default : bool
        Keep the model's default back-end and clustering, instead of those of the least X-DER
        among the tuned ones.
    detector : {"model", "energy"}, OnnxDetector or Detector
        What finds speech, as in `Diarizer`.
    executor, jobs
        As in `map_recordings`. The result does not depend on them.
    progress : callable, optional
        Called with the name of the stage, steps done, and steps in all.

    Returns
    -------
    Tuning
        Its model says by what it was tuned in `provenance`, under ``"tuned"``, by back-end.

    Raises
    ------
    AudioError
        If a recording cannot be read.
    CollectionError
        If nobody is in two recordings.
    ModelError
        If the model does not have a back-end, or nothing is scored.
    ParameterError
        If `jobs` is below 1, or there is only one speaker.
    """
    chosen = {name: model.backend(name) for name in dict.fromkeys(backends or model.backends)}
    if not collection.speaker_recordings(min_recordings=2):
        raise CollectionError(
            f"{collection.path}: nobody is in two recordings, so nothing says from where on"
            " speakers are the same; name them alike in all recordings of ref.rttm"
        )
    tell = progress or (lambda _stage, _done, _total: None)
    # Of the first, only what comes before its threshold is used.
    ways: list[Comparison | None] = [] if model.neural else [Comparison(threshold=0.0)]
    ways += [None] if model.windows is not None else []
    diarizers = [Diarizer(model, comparison=way, detector=detector) for way in ways]
    parts = over_recordings(
        partial(_embedded, collection=collection, diarizers=diarizers),
        collection,
        executor=executor,
        jobs=jobs,
        progress=partial(tell, "vectors"),
    )
    vectors = joined(vectors for _, vectors in parts)
    scores = {name: _scores(backend, vectors) for name, backend in chosen.items()}
    held_back = [
        HeldBack(
            collection,
            [segments[k] for segments, _ in parts],
            model.embedder.vectors,
            model.clustering.min_speech,
        )
        for k in range(len(diarizers))
    ]
    found = None if model.windows is None else held_back[-1]
    speakers = collection.speaker_recordings()
    errors: dict[BackendName, Mapping[ClusteringName, Tuned]] = {}
    tell("thresholds", 0, len(chosen))
    for done, (name, backend) in enumerate(chosen.items(), 1):
        errors[name] = tune([Fold(held_back[0], speakers, backend, found)])
        tell("thresholds", done, len(chosen))
    return Tuning(
        model=_tuned(model, collection, errors, keep_default=keep_default),
        errors=errors,
        scores=scores,
    )


def _embedded(
    name: str, *, collection: LabelledCollection, diarizers: Sequence[Diarizer]
) -> tuple[list[EmbeddedSegments], SpeakerVectors]:
    """Return the segments that each finds in a recording, and the vectors of who speaks there."""
    model, detector = diarizers[0].model, diarizers[0].detector
    static, duration = frames_of(collection.audio[name], model.mfcc)
    frames = embedder_frames(collection.audio[name], model) if model.neural else static
    speech = None
    if not isinstance(detector, str):
        speech = detector.detect(stream(collection.audio[name]))
    segments = [
        diarizer.embed(static, duration=duration, recording=name, speech=speech, banks=frames)
        for diarizer in diarizers
    ]
    reference = {name: collection.reference[name]}
    return segments, reference_vectors({name: frames}, reference, model.embedder, model.mfcc)


def _scores(backend: Backend, vectors: SpeakerVectors) -> TrialScores:
    similarities = backend.similarity(backend.project(vectors.vectors))
    trials = verification_trials_of_scores(similarities, vectors.speakers)
    return TrialScores(
        histogram=score_histogram(*trials, bins=_BINS),
        threshold=best_threshold(*trials),
        calibration=_calibration(*trials),
    )


def _calibration(
    scores: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]
) -> LogisticCalibration | None:
    try:
        return LogisticCalibration().fit(scores, labels)
    except ModelError:
        return None


def _tuned(
    model: ModelBundle,
    collection: LabelledCollection,
    errors: Mapping[BackendName, Mapping[ClusteringName, Tuned]],
    *,
    keep_default: bool,
) -> ModelBundle:
    backends = {
        name: replace(
            backend, thresholds={kind: found.thresholds for kind, found in errors[name].items()}
        )
        if name in errors
        else backend
        for name, backend in model.backends.items()
    }
    made = {
        name: {
            "collection": collection.path.name,
            "recordings": len(collection.reference),
            "clusterings": {kind: asdict(found) for kind, found in kinds.items()},
        }
        for name, kinds in errors.items()
    }
    clustering = model.clustering
    if not keep_default:
        best, kind = min(
            product(errors, CLUSTERINGS),
            key=lambda pair: (
                errors[pair[0]][pair[1]].x_der,
                errors[pair[0]][pair[1]].i_der,
                pair != (clustering.backend, clustering.clustering),
            ),
        )
        clustering = replace(clustering, backend=best, clustering=kind)
    return replace(
        model,
        backends=backends,
        clustering=clustering,
        provenance={
            **model.provenance,
            "tuned": {**model.provenance.get("tuned", {}), **made},
        },
    )
