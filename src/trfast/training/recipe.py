"""train: labelled recordings -> a model bundle."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from trfast._threads import effective_n_threads
from trfast.diarization import Diarizer
from trfast.errors import ModelError
from trfast.labelled import LabelledCollection
from trfast.model import ModelBundle
from trfast.scoring.backend import CLUSTERINGS, Backend, Estimator
from trfast.training.backends import fit_backends
from trfast.training.config import TrainingConfig
from trfast.training.stages import Progress, Stages
from trfast.training.thresholds import Fold, HeldBack, Tuned, dealt, strangers, tune
from trfast.training.vectors import training_vectors

# So that two are left where one is held back.
_LEAST_CLASSES = 3
# Recordings, speakers there whom the back-ends never heard, and those back-ends.
_Trial = tuple[HeldBack, Collection[str], dict[str, Estimator | None]]


def train(
    collection: LabelledCollection,
    *,
    stages: str | os.PathLike[str],
    config: TrainingConfig | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ModelBundle:
    """Train a model on a labelled collection.

    The thresholds of each back-end and clustering are those of the least error on every other
    recording, with models trained on the rest, and back-ends that never heard the speakers: on
    their own training data similarities are too good. The pair of the least error across
    recordings becomes the model's default. The errors are in the model's `provenance`, under
    ``"held-back"``.

    Back-ends that learn from labels are left out, and `provenance` says so under
    ``"left out"``, where fewer than 3 speakers are classes (`TrainingConfig`).

    Parameters
    ----------
    collection : LabelledCollection
    stages : path
        Folder where each long stage leaves its result. A stage whose result is there, made with
        the same settings from the same data, is passed over.
    config : TrainingConfig, optional
    jobs : int, optional
        Processes for features, threads for the rest; default: all cores. The model does not
        depend on it.
    progress : callable, optional
        Called with the name of the stage, steps done, and steps in all.

    Returns
    -------
    ModelBundle

    Raises
    ------
    AudioError
        If a recording cannot be read.
    ModelError
        If there are too few recordings, too little speech, or too few segments or speakers.
    ParameterError
        If `jobs` is below 1.
    """
    if len(collection.reference) < 2:
        raise ModelError(
            f"{collection.path} holds 1 recording; the thresholds are set on every other one, so"
            " give at least 2"
        )
    n_threads = effective_n_threads(jobs)
    config, left_out = _trainable(collection, config or TrainingConfig())
    reference = collection.reference
    full = Stages(
        collection=collection,
        config=config,
        folder=Path(stages),
        jobs=n_threads,
        progress=progress or (lambda _stage, _done, _total: None),
        reference=reference,
    )
    durations = full.features()
    model, estimators = _bundle(full), _estimators(full)
    half = {name: reference[name] for name in list(reference)[::2]}
    tuned = _tuned(full.on(half, "held-back "), durations)
    backends = {
        name: Backend(
            name=name,
            whitening=model.whitening,
            estimator=estimator,
            thresholds={kind: found.thresholds for kind, found in tuned[name].items()},
        )
        for name, estimator in estimators.items()
    }
    best, kind = min(
        product(backends, CLUSTERINGS),
        key=lambda pair: (tuned[pair[0]][pair[1]].x_der, tuned[pair[0]][pair[1]].i_der),
    )
    return replace(
        model,
        backends=backends,
        clustering=replace(config.clustering, backend=best, clustering=kind),
        provenance=_provenance(full, durations, tuned) | left_out,
    )


def _trainable(
    collection: LabelledCollection, config: TrainingConfig
) -> tuple[TrainingConfig, dict[str, str]]:
    """Leave out the back-ends for which there are too few classes; say so for `provenance`."""
    n_classes = len(_classes(collection, config))
    supervised = [name for name in config.backends if name != "cosine"]
    if n_classes >= _LEAST_CLASSES or not supervised:
        return config, {}
    reason = (
        f"{', '.join(supervised)}: {n_classes} speaker(s) in at least {config.min_recordings}"
        f" recordings with {config.min_speech:g} s in each, {_LEAST_CLASSES} are needed"
    )
    if "cosine" not in config.backends:
        raise ModelError(f"cannot train {reason}; give more recordings, or train 'cosine'")
    return replace(config, backends=("cosine",)), {"left out": reason}


def _classes(collection: LabelledCollection, config: TrainingConfig) -> dict[str, list[str]]:
    return collection.speaker_recordings(
        min_recordings=config.min_recordings, min_speech=config.min_speech
    )


def _estimators(stages: Stages, unheard: Collection[str] = ()) -> dict[str, Estimator | None]:
    """Fit the back-ends on the vectors of all speakers but those `unheard`."""
    vectors = training_vectors(stages.vectors, stages.collection, stages.config.min_speech)
    heard = vectors.only([speaker not in unheard for speaker in vectors.speakers])
    return fit_backends(heard, stages.whitening, stages.config)


def _bundle(stages: Stages) -> ModelBundle:
    """Put the models together, with the cosine for a back-end, and no thresholds yet."""
    config = stages.config
    return ModelBundle(
        mfcc=config.mfcc,
        segmentation=config.segmentation,
        normalization=config.normalization,
        clustering=config.clustering,
        detector=stages.detector,
        ubm=stages.ubm,
        total_variability=stages.total_variability,
        whitening=stages.whitening,
        backends={"cosine": Backend(name="cosine", whitening=stages.whitening)},
    )


def _tuned(stages: Stages, durations: Mapping[str, float]) -> dict[str, dict[str, Tuned]]:
    """Thresholds and errors of each back-end on the recordings that `stages` left out.

    The errors are those of one quarter of the speakers after the other, for back-ends that
    learned from the three others. Thresholds that are right for them are too low: most of whom
    they could be taken for are known to the back-end, and easy to tell apart. So thresholds come
    from groups of recordings in which the back-end knows nobody, if there are such (`strangers`).
    """
    whole, config = stages.collection, stages.config
    held_back = {n: a for n, a in whole.reference.items() if n not in stages.reference}
    diarizer = Diarizer(_bundle(stages), backend="cosine", threshold=0.0)
    segments = {
        name: diarizer.embed(np.asarray(static), duration=durations[name], recording=name)
        for name, static in stages.frames(held_back).items()
    }

    def heard(names: Iterable[str]) -> HeldBack:
        part = {name: held_back[name] for name in names}
        return HeldBack(replace(whole, reference=part), [segments[name] for name in part])

    def folds(trials: list[_Trial], name: str) -> list[Fold]:
        return [
            Fold(part, unheard, Backend(name=name, whitening=stages.whitening, estimator=e[name]))
            for part, unheard, e in trials
        ]

    stages.progress("thresholds", 0, len(config.backends))
    speakers, classes = whole.speaker_recordings(), _classes(whole, config)
    everything = heard(held_back)
    of_speakers: list[_Trial] = []
    of_recordings: list[_Trial] = []
    if config.backends != ("cosine",):
        quarters = dealt(speakers, 4, seed=config.seed, first=classes)
        of_speakers = [(everything, names, _estimators(stages, names)) for names in quarters]
        scored = {n: a for n, a in held_back.items() if whole.uem is None or n in whole.uem}
        of_recordings = [
            (heard(names), unheard, _estimators(stages, unheard))
            for names, unheard in strangers(scored, classes, seed=config.seed)
        ]
    tuned: dict[str, dict[str, Tuned]] = {}
    for name in config.backends:
        if name == "cosine":  # which learns nothing of speakers
            tuned[name] = tune([Fold(everything, speakers, diarizer.backend)])
        else:
            found = tune(folds(of_speakers, name))
            better = tune(folds(of_recordings, name)) if of_recordings else found
            tuned[name] = {
                kind: replace(found[kind], thresholds=better[kind].thresholds) for kind in found
            }
        stages.progress("thresholds", len(tuned), len(config.backends))
    return tuned


def _provenance(
    stages: Stages, durations: Mapping[str, float], tuned: Mapping[str, Mapping[str, Tuned]]
) -> dict[str, Any]:
    collection = stages.collection
    return {
        "collection": collection.path.name,
        "recordings": len(durations),
        "hours": round(sum(durations.values()) / 3600, 3),
        "speakers": len(collection.speaker_recordings()),
        "classes": len(_classes(collection, stages.config)),
        # As JSON has it: lists, not tuples.
        "training": json.loads(json.dumps(asdict(stages.config))),
        "held-back": {
            name: {
                kind: {"i_der": round(found.i_der, 4), "x_der": round(found.x_der, 4)}
                for kind, found in kinds.items()
            }
            for name, kinds in tuned.items()
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("trfast", "numpy", "scipy", "scikit-learn")},
        },
    }
