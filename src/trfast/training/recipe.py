"""train: labelled recordings -> a model bundle."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._log import log
from trfast._names import CLUSTERINGS, ClusteringName
from trfast._threads import effective_n_threads, map_in_threads
from trfast.comparison import Comparison
from trfast.diarization import Diarizer, EmbeddedSegments
from trfast.embedding import Embedding, PieceEmbedder, piece_embedder
from trfast.errors import ModelError
from trfast.features import frame_hop
from trfast.model import ModelBundle
from trfast.scoring.backend import Backend
from trfast.scoring.estimators import Estimator
from trfast.scoring.own import OwnEstimator
from trfast.scoring.windows import WindowConfig
from trfast.training.backends import fit_backends, fit_own
from trfast.training.config import TrainingConfig
from trfast.training.labelled import LabelledCollection
from trfast.training.stages import Progress, Stages, digest
from trfast.training.thresholds import N_CANDIDATES, Fold, HeldBack, Tuned, dealt, tune
from trfast.training.vectors import strangers
from trfast.training.windows import (
    IVECTOR_GRID,
    NEURAL_GRID,
    SpokenUnits,
    WindowFold,
    tune_windows,
)

# Parts that recordings are linked in for the thresholds: in all of them together, a quarter of
# the speakers would come back more often than those of an archive do.
PARTS = (2, 4)
# So that two are left where one is held back.
_LEAST_CLASSES = 3


def train(
    collection: LabelledCollection,
    *,
    stages: str | os.PathLike[str],
    config: TrainingConfig | None = None,
    network: PieceEmbedder | Embedding | None = None,
    own_backends: Mapping[str, OwnEstimator] | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ModelBundle:
    """Train a model on a labelled collection.

    The thresholds of each back-end and clustering are those of the least error for one quarter
    of the speakers after the other, of whom total variability, whitening and back-ends know
    nothing then: on their own training data similarities are too good. Each quarter is linked by
    itself, in every other recording and in every fourth. The pair of the least error across
    recordings becomes the model's default; with a cohort, that of average linkage. The errors are
    in the model's `provenance`, under ``"held-back"``; speech detector and UBM have heard the
    recordings.

    Back-ends that learn from labels are left out, and `provenance` says so under
    ``"left out"``, where fewer than 3 speakers are classes (`TrainingConfig`).

    Parameters
    ----------
    collection : LabelledCollection
    stages : path
        Folder where each long stage leaves its result. A stage whose result is there, made with
        the same settings from the same data, is passed over.
    config : TrainingConfig, optional
        Default: the recipe of the default model; of a network, `TrainingConfig.neural`.
    network : PieceEmbedder or Embedding, optional
        A neural embedding, or one's own, in place of i-vectors: no UBM, no total variability, no
        varied copies.
    own_backends : mapping of str to Score or Projection, optional
        Estimators of one's own, by the names of their back-ends. Each with a ``fit(X, y)`` learns,
        as a copy, from whitened vectors of length 1 and their speakers; all get thresholds, and are
        in the model's `own_backends`.
    executor : concurrent.futures.Executor, optional
        What runs over recordings runs there, in place of local processes: features, scenes, varied
        copies, units, and the recordings that are held back. The model does not depend on it.
    jobs : int, optional
        Processes for that without an executor, threads for the rest; default: all cores. The model
        does not depend on it.
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
            f"{collection.path} holds 1 recording; thresholds across recordings need at least 2"
        )
    if len(collection.speaker_recordings()) < 2:
        raise ModelError(
            f"{collection.path} holds 1 speaker; thresholds need at least 2, to leave one out"
        )
    n_threads = effective_n_threads(jobs)
    network = None if network is None else piece_embedder(network)
    own = own_backends or {}
    default = TrainingConfig() if network is None else TrainingConfig.neural()
    config, left_out = trainable(collection, config or default)
    if network is not None and config.windows is None:
        raise ModelError("a neural embedding diarizes by windows: give TrainingConfig.windows")
    full = Stages(
        collection=collection,
        config=config,
        folder=Path(stages),
        executor=executor,
        jobs=n_threads,
        progress=progress or (lambda _stage, _done, _total: None),
        network=network,
    )
    durations = full.features()
    quarters, model, estimators = _quarters(full), _bundle(full), _estimators(full, own)
    windows, said = _tuned_windows(full, quarters)
    if network is not None and windows is None:
        raise ModelError(f"nothing to diarize by with a neural embedding: {said}")
    model = _with_windows(model, full, windows)
    tuned = _tuned(quarters, windows, durations, own)
    every = {
        name: Backend(
            name=name,
            whitening=model.whitening,
            estimator=estimator,
            cohort=model.cohort,
            thresholds={kind: found.thresholds for kind, found in tuned[name].items()},
        )
        for name, estimator in estimators.items()
    }
    # Held-back speakers are in the recordings of the cohort, too, where normalized scores are worse
    # than elsewhere: their errors do not tell average linkage from the others.
    best, kind = min(
        product(config.backends, CLUSTERINGS if model.cohort is None else ("average",)),
        key=lambda pair: (tuned[pair[0]][pair[1]].x_der, tuned[pair[0]][pair[1]].i_der),
    )
    log.info("trained on %s: by default %s %s; %s", collection.path, best, kind, left_out or "all")
    return replace(
        model,
        backends={name: every[name] for name in config.backends},
        own_backends={name: every[name] for name in own},
        clustering=replace(config.clustering, backend=best, clustering=kind),
        provenance=_provenance(full, durations, tuned) | said | left_out,
    )


def trainable(
    collection: LabelledCollection, config: TrainingConfig
) -> tuple[TrainingConfig, dict[str, str]]:
    """Leave out the back-ends for which there are too few classes; say so for `provenance`."""
    n_classes = len(_classes(collection, config))
    supervised = [name for name in config.backends if name != "cosine"]
    if n_classes >= _LEAST_CLASSES or not supervised:
        return config, {}
    reason = (
        f"{', '.join(supervised)}: {n_classes} speaker(s) in at least {config.min_recordings}"
        f" recordings with {config.min_class_speech:g} s in each, {_LEAST_CLASSES} are needed"
    )
    if "cosine" not in config.backends:
        raise ModelError(f"cannot train {reason}; give more recordings, or train 'cosine'")
    return replace(config, backends=("cosine",)), {"left out": reason}


def _classes(collection: LabelledCollection, config: TrainingConfig) -> set[str]:
    return recurring(collection, config) - strangers(collection, config.n_cohort, config.seed)


def recurring(collection: LabelledCollection, config: TrainingConfig) -> set[str]:
    return set(
        collection.speaker_recordings(
            min_recordings=config.min_recordings, min_seconds=config.min_class_speech
        )
    )


def _estimators(
    stages: Stages, own: Mapping[str, OwnEstimator]
) -> dict[str, Estimator | OwnEstimator | None]:
    vectors, whitening = stages.labelled, stages.whitening
    fitted = fit_backends(vectors, whitening, stages.config)
    return {**dict(fitted.items()), **fit_own(own, vectors, whitening)}


def _bundle(stages: Stages) -> ModelBundle:
    """Put the models together, with the cosine for a back-end, and no thresholds yet."""
    config = stages.config
    return ModelBundle(
        mfcc=config.mfcc,
        segmentation=config.segmentation,
        normalization=config.normalization,
        clustering=config.clustering,
        detector=stages.detector,
        ubm=None if stages.network else stages.ubm,
        total_variability=None if stages.network else stages.total_variability,
        whitening=stages.whitening,
        backends={"cosine": Backend(name="cosine", whitening=stages.whitening)},
        cohort=stages.cohort,
        neural=stages.neural,
        network=stages.network,
    )


def _quarters(stages: Stages) -> list[Stages]:
    """Stages that each have not heard one quarter of the speakers."""
    collection, config = stages.collection, stages.config
    quarters = dealt(
        collection.speaker_recordings(), 4, seed=config.seed, first=recurring(collection, config)
    )
    return [
        replace(stages, unheard=frozenset(speakers), label=f"held-back {k} ")
        for k, speakers in enumerate(filter(None, quarters), 1)
    ]


def _tuned_windows(
    stages: Stages, quarters: Sequence[Stages]
) -> tuple[WindowConfig | None, dict[str, Any]]:
    """How units count, by the quarters that are not heard; and what to say of it.

    Without windows where there are too few of them, or nobody talks to anybody.
    """
    try:
        scorings = [own.windows for own in (stages, *quarters)]
    except ModelError as error:
        return None, {"windows left out": str(error)}
    folds = [
        WindowFold(scoring, own.window_vectors, own.units, own.unheard)
        for scoring, own in zip(scorings[1:], quarters, strict=True)
        if scoring is not None
    ]
    if not folds:
        return None, {}
    hop = frame_hop(stages.config.mfcc)
    grid = NEURAL_GRID if stages.network else IVECTOR_GRID

    def fit() -> dict[str, Any]:
        config, confused = tune_windows(folds, hop, grid=grid, n_threads=stages.jobs)
        return {"chosen": np.array([config.scale, config.threshold, confused])}

    configs = [fold.scoring.config for fold in folds]
    key = digest([own.windows_key for own in quarters], configs, grid)
    scale, threshold, confused = stages.stored("window scale", key, fit)["chosen"].tolist()
    chosen = {"scale": scale, "threshold": threshold}
    config = replace(folds[0].scoring.config, **chosen)
    return config, {"windows": chosen | {"held-back confusion": round(confused, 4)}}


def _tuned(
    quarters: Sequence[Stages],
    windows: WindowConfig | None,
    durations: Mapping[str, float],
    own_backends: Mapping[str, OwnEstimator],
) -> dict[str, dict[ClusteringName, Tuned]]:
    """Thresholds and errors of each back-end for one quarter of the speakers after the other."""
    stages = quarters[0]
    names = (*stages.config.backends, *own_backends)
    folds: dict[str, list[Fold]] = {name: [] for name in names}
    for own in quarters:
        bundle = _with_windows(_bundle(own), own, windows)
        found = _held_back(own, Diarizer(bundle), durations) if windows else None
        if stages.network is not None and found is not None:  # no segments but those of windows
            held_back = found
        else:
            diarizer = Diarizer(bundle, comparison=Comparison(threshold=0.0))
            held_back = _held_back(own, diarizer, durations)
        for name, estimator in _estimators(own, own_backends).items():
            backend = Backend(
                name=name, whitening=own.whitening, estimator=estimator, cohort=bundle.cohort
            )
            folds[name].append(Fold(held_back, own.unheard, backend, found))
    stages.progress("thresholds", 0, len(folds))
    theirs: dict[str, list[Fold]] = {name: folds[name] for name in stages.config.backends}
    tuned: dict[str, dict[ClusteringName, Tuned]] = {}
    for name, chosen in chain(
        stages.each(partial(_tuned_one, theirs, N_CANDIDATES), theirs),
        # Parts of one's own may not be such as can be sent to another process.
        ((name, _tuned_one(folds, N_CANDIDATES, name)) for name in own_backends),
    ):
        tuned[name] = chosen
        stages.progress("thresholds", len(tuned), len(folds))
    return {name: tuned[name] for name in folds}


def _tuned_one(
    folds: Mapping[str, Sequence[Fold]], n_candidates: int, name: str
) -> dict[ClusteringName, Tuned]:
    return tune(folds[name], parts=PARTS, n_candidates=n_candidates)


def _held_back(stages: Stages, diarizer: Diarizer, durations: Mapping[str, float]) -> HeldBack:
    units = {} if stages.network is None else {own.name: own for own in stages.found()}
    embedding = _Embedding(diarizer, stages.frames_of_workers, durations, units)
    names = list(stages.frames)
    if stages.executor is None:
        segments = map_in_threads(embedding, names, stages.jobs)
    else:
        found = dict(stages.each(embedding, names))
        segments = [found[name] for name in names]
    return HeldBack(
        stages.collection,
        segments,
        diarizer.model.embedder.vectors,
        stages.config.clustering.min_speech,
    )


@dataclass(frozen=True, eq=False)
class _Embedding:
    """Finds the speakers of a recording, from its units where there are some."""

    diarizer: Diarizer
    frames: Mapping[str, npt.NDArray[np.float32]]
    durations: Mapping[str, float]
    units: Mapping[str, SpokenUnits]

    def __call__(self, name: str) -> EmbeddedSegments:
        static, duration = np.asarray(self.frames[name]), self.durations[name]
        if name not in self.units:
            return self.diarizer.embed(static, duration=duration, recording=name)
        own = self.units[name]
        return self.diarizer.embedded(
            static, own.units, own.statistics, duration=duration, recording=name
        )


def _with_windows(model: ModelBundle, stages: Stages, config: WindowConfig | None) -> ModelBundle:
    if config is None or stages.windows is None:
        return model
    return replace(model, windows=replace(stages.windows, config=config))


def _provenance(
    stages: Stages,
    durations: Mapping[str, float],
    tuned: Mapping[str, Mapping[ClusteringName, Tuned]],
) -> dict[str, Any]:
    collection = stages.collection
    return {
        "collection": collection.path.name,
        "recordings": len(durations),
        "hours": round(sum(durations.values()) / 3600, 3),
        "speakers": len(collection.speaker_recordings()),
        "classes": len(_classes(collection, stages.config)),
        "cohort": len(stages.strangers),
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
