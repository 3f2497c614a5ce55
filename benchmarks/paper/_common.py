"""What the studies share: recipes, vectors and segments of the collections, networks, errors.

Whatever does not change from one network to the next is made once. Models and vectors stay in the
output folder, under the hash of what they were made of; after a change of the code that makes
them, remove it.
"""

from __future__ import annotations

import csv
import hashlib
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save

from trfast._checks import check_choice
from trfast._files import write_atomic
from trfast._names import BACKENDS, ClusteringName
from trfast.clustering import check_clustering
from trfast.comparison import Comparison
from trfast.diarization import Diarizer, EmbeddedSegments
from trfast.embedding import OnnxEmbedder, ProjectedStatistics
from trfast.evaluation import (
    equal_error_rate,
    minimum_dcf,
    verification_trials_of_scores,
)
from trfast.execution import map_recordings
from trfast.linking import link_centred
from trfast.model import ModelBundle, load_model
from trfast.scoring.backend import Backend, Thresholds
from trfast.scoring.estimators import estimator_of, estimator_tensors
from trfast.scoring.triplet import TripletNetwork, TripletRanking
from trfast.training import (
    SpeakerVectors,
    TrainingConfig,
    embedder_frames,
    fit_backends,
    frames_of,
    reference_vectors,
    train,
)
from trfast.training.backends import triplet_ranking
from trfast.training.labelled import LabelledCollection
from trfast.training.recordings import over_recordings
from trfast.training.stages import Stages
from trfast.training.thresholds import Fold, HeldBack, tune

ROOT = Path(__file__).parents[2]
TRAIN, TARGETS = "radio-train", ("tv-lcp", "tv-bfm")
CLUSTERINGS: tuple[ClusteringName, ...] = ("cc", "hac")  # those of the paper
KINDS = ("common", "other target")  # of thresholds: of radio-train; of the least error there
# Epochs from one measurement of a network to the next, unless otherwise said.
EVERY = 50

# What files hold of the segments of a recording, beside its duration.
_PARTS = ("seconds", "clusters", "zeroth", "first")

Item = TypeVar("Item")
Result = TypeVar("Result")
Rows = Sequence[Mapping[str, Any]]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]  # heading, lines


def recipes() -> dict[str, TrainingConfig]:
    """Return the paper's recipe, and that of the default model."""
    return {"paper": TrainingConfig.paper(), "default": TrainingConfig()}


@dataclass(frozen=True)
class Material:
    """What the models of a recipe make of a target collection, whatever the back-end.

    Parameters
    ----------
    vectors : SpeakerVectors
        By the reference.
    segments : list of EmbeddedSegments
    held_back : HeldBack
        What the segments have in common with the reference.
    found : HeldBack or None
        The same where windows have found the local speakers, each of its clusters one; None where
        the back-end makes them of the clusters.
    """

    vectors: SpeakerVectors
    segments: list[EmbeddedSegments]
    held_back: HeldBack
    found: HeldBack | None

    def fold(self, speakers: Collection[str], backend: Backend) -> Fold:
        """Return what `tune` judges thresholds by."""
        return Fold(self.held_back, speakers, backend, self.found)


@dataclass(frozen=True, kw_only=True)
class Study:
    """The collections, and what one asks of them.

    Parameters
    ----------
    collections : Path
        Folder of the three collections.
    output : Path
        Where results go.
    stages : Path, optional
        Where stages of the trainings are, or go; default: in `output`.
    networks : int
        Networks a condition.
    epochs : int, optional
        At most so many; default: as many as the recipe has.
    jobs : int
        Processes.
    recipes : mapping of str to TrainingConfig
    embedder : Path, optional
        ONNX file of the neural embedding that all recipes are of; default: they are of i-vectors.
    """

    collections: Path
    output: Path
    stages: Path | None = None
    networks: int = 20
    epochs: int | None = None
    jobs: int = 2
    recipes: Mapping[str, TrainingConfig] = field(default_factory=recipes)
    embedder: Path | None = None

    def config(self, recipe: str, *, seed: int = 0, **tr: Any) -> TrainingConfig:
        """Return the settings of a recipe, with other arguments of its network."""
        config = self.recipes[recipe]
        tr = {"n_epochs": TripletRanking().n_epochs, **config.estimators.tr, **tr}
        tr["n_epochs"] = min(tr["n_epochs"], self.epochs or tr["n_epochs"])
        return replace(config, seed=seed, estimators=replace(config.estimators, tr=tr))

    @cached_property
    def network(self) -> OnnxEmbedder | None:
        """The neural embedding."""
        return None if self.embedder is None else OnnxEmbedder(self.embedder)

    @cached_property
    def labelled(self) -> dict[str, LabelledCollection]:
        """The collections, by name."""
        return {
            name: LabelledCollection.read(self.collections / name) for name in (TRAIN, *TARGETS)
        }

    @cached_property
    def models(self) -> dict[str, ModelBundle]:
        """The model of each recipe, with the thresholds that training finds."""
        return {recipe: self._model(recipe) for recipe in self.recipes}

    @cached_property
    def training(self) -> dict[str, SpeakerVectors]:
        """What the back-ends of each recipe learn from."""
        return {recipe: self._stages(config).labelled for recipe, config in self.recipes.items()}

    @cached_property
    def material(self) -> dict[tuple[str, str], Material]:
        """What the models make of the targets, by recipe and target."""
        return {
            (recipe, target): self._material(recipe, target)
            for recipe in self.recipes
            for target in TARGETS
        }

    @cached_property
    def speakers(self) -> dict[str, set[str]]:
        """Names of the speakers, by collection."""
        return {name: set(c.speaker_recordings()) for name, c in self.labelled.items()}

    def backend(self, name: str, recipe: str, *, seed: int = 0) -> Backend:
        """Return a back-end, fitted as training does, or in an earlier run."""
        name = check_choice(name, "name", BACKENDS)
        config = replace(self.config(recipe, seed=seed), backends=(name,))
        model = self.models[recipe]
        path = self.output / f"fitted/{recipe}.{name}.{_digest(model.content_hash, config)}"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            fitted = fit_backends(self.training[recipe], model.whitening, config)[name]
            tensors = estimator_tensors(name, fitted)
            write_atomic(path, save({k: np.ascontiguousarray(v) for k, v in tensors.items()}))
        estimator = estimator_of(name, load_file(path))
        return Backend(name=name, whitening=model.whitening, estimator=estimator)

    def watch(
        self,
        recipe: str,
        measure: Callable[[Backend, TripletNetwork], None],
        *,
        seed: int = 0,
        every: int = EVERY,
        **tr: Any,
    ) -> None:
        """Train a network as `backend` does, and show it to `measure` every so many epochs."""
        config, vectors = self.config(recipe, seed=seed, **tr), self.training[recipe]
        whitening = self.models[recipe].whitening
        x = Backend(name="cosine", whitening=whitening).project(vectors.vectors)
        start: Any = None
        if config.estimators.tr_start == "plda":
            start = self.backend("plda", recipe).estimator
        ranking = triplet_ranking(x, start, config)

        def callback(network: TripletNetwork) -> None:
            epoch = len(network.history)
            if epoch % every == 0 or epoch == ranking.n_epochs:
                weights, bias = np.split(network.weights, [-1])
                tensors = {"tr.weights": weights * network.input_scale, "tr.bias": bias[0]}
                estimator = estimator_of("tr", tensors)
                measure(Backend(name="tr", whitening=whitening, estimator=estimator), network)

        ranking.fit(x, vectors.classes, groups=vectors.recordings, callback=callback)

    def over(
        self, function: Callable[[Study, Item], Result], items: Sequence[Item]
    ) -> list[Result]:
        """Call `function` with each item, in processes; return the results in order."""
        _ = self.models, self.training, self.material, self.speakers  # made here, once
        results: dict[Item, Any] = {}
        outcomes = map_recordings(partial(function, self), items, jobs=self.jobs)
        with click.progressbar(outcomes, length=len(items), label="networks") as bar:
            for outcome in bar:
                if outcome.error is not None:
                    raise outcome.error
                results[outcome.item] = outcome.result
        return [results[item] for item in items]

    def write(self, name: str, rows: Rows, *tables: Table) -> None:
        """Write rows of the same columns as NAME.csv, and tables as NAME.md; print these."""
        with open(self.output / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(
                {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}
                for row in rows
            )
        text = "\n\n".join(map(_markdown, tables)) + "\n"
        (self.output / f"{name}.md").write_text(text, encoding="utf-8")
        click.echo(text)

    def _model(self, recipe: str) -> ModelBundle:
        config = self.recipes[recipe]
        network = self.network
        parts = (config,) if network is None else (config, network.file_hash)
        path = self.output / f"{recipe}.{_digest(*parts)}.safetensors"
        if not path.exists():
            click.echo(f"training the model of recipe {recipe!r}")
            model = train(
                self.labelled[TRAIN],
                stages=self._stages(config).folder,
                config=config,
                network=network,
                jobs=self.jobs,
            )
            model.save(path)
        return load_model(path, embedder=self.embedder)

    def _stages(self, config: TrainingConfig) -> Stages:
        labelled = self.labelled[TRAIN]
        return Stages(
            collection=labelled,
            config=config,
            folder=self.stages or self.output / "stages",
            jobs=self.jobs,
            progress=lambda _stage, _done, _total: None,
            network=self.network,
        )

    def _material(self, recipe: str, target: str) -> Material:
        labelled, model = self.labelled[target], self.models[recipe]
        turns = [(name, annotation.turns) for name, annotation in labelled.reference.items()]
        path = self.output / f"{target}.{_digest(model.vectors_hash, turns, _PARTS)}.npz"
        if not path.exists():
            function = partial(_recording, labelled=labelled, model=model)
            stored: dict[str, Any] = {}
            for arrays in over_recordings(function, labelled, jobs=self.jobs):
                stored |= arrays
            np.savez(path, **stored)
        vectors, segments = _read(path, list(labelled.audio))
        held_back = HeldBack(
            labelled, segments, model.embedder.vectors, model.clustering.min_speech
        )
        found = None if model.neural is None else held_back
        return Material(vectors, segments, held_back, found)


def _recording(
    name: str, *, labelled: LabelledCollection, model: ModelBundle
) -> dict[str, npt.NDArray[Any]]:
    """Vectors by the reference, and segments, of one recording, as arrays."""
    static, duration = frames_of(labelled.audio[name], model.mfcc)
    frames = static if model.neural is None else embedder_frames(labelled.audio[name], model)
    reference = {name: labelled.reference[name]}
    found = reference_vectors({name: frames}, reference, model.embedder, model.mfcc)
    diarizer = Diarizer(model, comparison=model.within() if model.neural is None else None)
    segments = diarizer.embed(static, duration=duration, recording=name, banks=frames)
    parts = {
        "reference": found.vectors,
        "speakers": np.array(found.speakers, dtype=str),
        "duration": np.array(duration),
        "seconds": segments.seconds,
        "clusters": segments.clusters,
        "zeroth": segments.statistics.zeroth,
        "first": segments.statistics.first,
    }
    return {f"{name}.{part}": array for part, array in parts.items()}


def _read(path: Path, names: Sequence[str]) -> tuple[SpeakerVectors, list[EmbeddedSegments]]:
    with np.load(path) as stored:
        speakers = [stored[f"{name}.speakers"].tolist() for name in names]
        vectors = SpeakerVectors(
            np.concatenate([stored[f"{name}.reference"] for name in names]),
            tuple(speaker for own in speakers for speaker in own),
            tuple(name for name, own in zip(names, speakers, strict=True) for _ in own),
        )
        segments = []
        for name in names:
            seconds, clusters, *statistics = (stored[f"{name}.{part}"] for part in _PARTS)
            duration = float(stored[f"{name}.duration"])
            segments.append(
                EmbeddedSegments(
                    name, duration, seconds, clusters, ProjectedStatistics(*statistics)
                )
            )
    return vectors, segments


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def verification(backend: Backend, vectors: SpeakerVectors) -> dict[str, float]:
    """Return EER and minDCF (1 %) of all pairs."""
    scores, targets = verification_trials_of_scores(
        backend.similarity(backend.project(vectors.vectors)), vectors.speakers
    )
    return {"eer": equal_error_rate(scores, targets), "min_dcf": minimum_dcf(scores, targets)}


def thresholds(
    study: Study, recipe: str, backend: Backend, kind: str
) -> dict[tuple[str, str], Thresholds]:
    """Return thresholds by target and clustering, of one of the KINDS."""
    if kind == "common":
        name = check_choice(backend.name, "backend", BACKENDS)
        own = {c: study.models[recipe].thresholds(name, c) for c in CLUSTERINGS}
        return {(t, c): own[c] for t, c in product(TARGETS, CLUSTERINGS)}
    tuned = {
        t: tune(
            [study.material[recipe, t].fold(study.speakers[t], backend)], clusterings=CLUSTERINGS
        )
        for t in TARGETS
    }
    others = dict(zip(TARGETS, reversed(TARGETS), strict=True))
    return {(t, c): tuned[others[t]][c].thresholds for t, c in product(TARGETS, CLUSTERINGS)}


def diarization(
    study: Study,
    recipe: str,
    target: str,
    backend: Backend,
    clustering: str,
    limits: Thresholds,
) -> dict[str, float]:
    """Return I-DER and X-DER, with local speakers made by the back-end itself, or by windows.

    What is missed, and what false alarm, depends on the segments only; what is confused follows
    from the seconds each segment has in common with each speaker. The same as scoring turns.
    """
    material = study.material[recipe, target]
    held_back = material.held_back
    clustering = check_clustering(clustering)
    within, across = (
        Comparison(backend=backend, clustering=clustering, threshold=threshold)
        for threshold in (limits.within, limits.across)
    )
    if material.found:
        local = np.arange(held_back.n_clusters)
    else:
        local = held_back.local(within, backend.project(held_back.cluster_vectors))
    vectors, recordings = held_back.speakers(local)
    links = link_centred(vectors, recordings.tolist(), across)
    times = held_back.times
    errors = {}
    for name, labels, parts in (("i_der", local, None), ("x_der", links.labels[local], 1)):
        confused = held_back.confused(labels, study.speakers[target], parts=parts)
        errors[name] = (times.missed + times.false_alarm + confused) / times.scored
    return errors


def summary(rows: Rows) -> list[dict[str, Any]]:
    """Put rows that differ in their "value" only together: "mean", "min" and "max"."""
    values: dict[tuple[tuple[str, Any], ...], list[float]] = {}
    for row in rows:
        key = tuple(item for item in row.items() if item[0] != "value")
        values.setdefault(key, []).append(row["value"])
    return [
        {**dict(key), "mean": float(np.mean(v)), "min": min(v), "max": max(v)}
        for key, v in values.items()
    ]


def _markdown(table: Table) -> str:
    heading, lines = table
    widths = [max(map(len, column)) for column in zip(heading, *lines, strict=True)]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in (heading, ["-" * width for width in widths], *lines)
    )


def command(run: Callable[[Study], None], *more: click.Option) -> click.Command:
    """Make a command of a function that runs a study, with more options of `Study` if need be."""

    @click.command(help=run.__doc__, params=[*more])
    @click.option(
        "--collections",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        default=os.environ.get("TRFAST_COLLECTIONS", ROOT.parent / "shared/collections"),
        show_default=True,
        help="Folder of the collections.",
    )
    @click.option(
        "-o", "--output", type=click.Path(path_type=Path), default="build/paper", show_default=True
    )
    @click.option(
        "--stages",
        type=click.Path(path_type=Path),
        help="Kept stages of trainings.  [default: in the output folder]",
    )
    @click.option("--networks", type=click.IntRange(min=1), default=20, show_default=True)
    @click.option("--epochs", type=click.IntRange(min=1), help="At most so many.")
    @click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
    def main(**options: Any) -> None:
        start = time.perf_counter()
        options["output"].mkdir(parents=True, exist_ok=True)
        run(Study(**options))
        click.echo(f"{time.perf_counter() - start:.0f} s")

    return main
