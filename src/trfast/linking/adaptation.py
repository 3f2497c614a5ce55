"""adapt: the local speakers of a collection, unlabelled -> a model that fits them better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_names, check_random_state
from trfast._names import BackendName
from trfast.comparison import Comparison
from trfast.linking.full import linked_and_shift
from trfast.model import ModelBundle
from trfast.scoring.adaptation import adapt_backend
from trfast.scoring.backend import Backend

FloatArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

ADAPTABLE: tuple[BackendName, ...] = ("plda", "tr")

# Standard deviations above the threshold of average linkage from which a link is confident.
_CONFIDENT = 1.0
_MOST_ROUNDS = 5
# Speakers found in two recordings, at least: half of them adapt what the others judge.
_LEAST_SPEAKERS = 10


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """What was done with a back-end.

    Parameters
    ----------
    n_speakers : int
        Speakers that confident links found in several recordings, in the last round.
    n_rounds : int
        Rounds of linking and adapting; 0 where there were too few speakers.
    before, after : float
        How far apart the scores of one held-back speaker lie from those of two: the difference of
        the means in standard deviations (d-prime). NaN where there were too few speakers.
    kept : bool
        Whether the adapted back-end is in the model: it is not where `after` is below `before`.
    """

    n_speakers: int
    n_rounds: int
    before: float
    after: float
    kept: bool


def adapt(
    model: ModelBundle,
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    *,
    backends: Sequence[str] = ADAPTABLE,
    seed: int = 0,
) -> tuple[ModelBundle, dict[str, Adapted]]:
    """Adapt PLDA and the triplet network to a collection without labels [1]_.

    Each back-end links the collection with a threshold that it exceeds only where it is sure;
    who is found in several recordings is taken for a speaker. PLDA's covariances are drawn
    to theirs, the network goes on learning from triplets of them; what comes out links again, until
    the links stay as they are, five times at most.

    A guard judges what that does for voices that were not heard: half of the speakers found at
    first adapt the back-end, and the scores within and between those of the other half must lie
    no closer together than before; and the other way round. Otherwise the back-end stays as it
    was. The guard does not know who the speakers are, only what the back-end was sure of.

    Parameters
    ----------
    model : ModelBundle
        It is not changed. Its thresholds are kept.
    vectors : array_like (n, rank)
        One local speaker a row, as `Diarization.vectors` has them.
    recordings : sequence of str, (n,)
        Recording of each.
    backends : sequence of str
        Those to adapt; what the model has not, or what cannot be adapted, is passed over.
    seed : int
        Of how speakers are halved.

    Returns
    -------
    model : ModelBundle
        Vectors that the given model made can be linked with it.
    adapted : dict of str to Adapted
        What was done, by back-end.

    Raises
    ------
    ParameterError
        If the arguments differ in length, or vectors hold NaN or infinity.

    References
    ----------
    .. [1] G. Le Lan, S. Meignier, D. Charlet, A. Larcher, "First investigations on self trained
       speaker diarization", Odyssey 2016.

    Examples
    --------
    >>> from trfast import load_model
    >>> vectors = np.random.default_rng(0).normal(size=(2, 200))
    >>> _, adapted = adapt(load_model(), vectors, ["monday", "tuesday"])
    >>> adapted["plda"].kept  # two local speakers say nothing
    False
    """
    x = check_matrix(vectors, "vectors")
    names = check_names(recordings, "recordings", len(x), "row")
    rng = np.random.default_rng(check_random_state(seed))
    done: dict[str, Adapted] = {}
    changed: dict[BackendName, Backend] = {}
    for name in [name for name in ADAPTABLE if name in backends and name in model.backends]:
        adapted, done[name] = _adapted(_confident(model, name), x, names, rng)
        if done[name].kept:
            changed[name] = adapted
    said = {name: vars(verdict) for name, verdict in done.items()}
    return (
        replace(
            model,
            backends={**model.backends, **changed},
            provenance={**model.provenance, "adapted": said},
        ),
        done,
    )


def _confident(model: ModelBundle, name: BackendName) -> Comparison:
    """Return what links only where it is sure."""
    backend = model.backend(name)
    if backend.cohort is None:  # complete linkage is the most careful
        return model.across(name, "hac")
    return model.across(name, "average", model.thresholds(name, "average").across + _CONFIDENT)


def _adapted(
    comparison: Comparison, x: FloatArray, recordings: list[str], rng: np.random.Generator
) -> tuple[Backend, Adapted]:
    backend = adapted = comparison.backend
    groups = np.asarray(recordings)
    labels, shift = _linked(comparison, x, recordings)
    speakers = _recurring(labels)
    if len(speakers) < _LEAST_SPEAKERS:
        nothing = Adapted(
            n_speakers=len(speakers), n_rounds=0, before=np.nan, after=np.nan, kept=False
        )
        return backend, nothing
    before, after = _judged(backend, x - shift, labels, groups, rng.permutation(speakers))
    known, n_rounds = np.empty(0, np.int64), 0
    while n_rounds < _MOST_ROUNDS and not np.array_equal(labels, known):
        known, n_rounds = labels, n_rounds + 1
        adapted = adapt_backend(backend, x - shift, labels, groups)
        labels, shift = _linked(replace(comparison, backend=adapted), x, recordings)
    return adapted, Adapted(
        n_speakers=len(_recurring(labels)),
        n_rounds=n_rounds,
        before=before,
        after=after,
        kept=after >= before,
    )


def _linked(
    comparison: Comparison, x: FloatArray, recordings: list[str]
) -> tuple[Labels, FloatArray]:
    links, shift = linked_and_shift(x, recordings, comparison)
    return links.labels, shift


def _recurring(labels: Labels) -> Labels:
    """Labels of several local speakers, which are in as many recordings."""
    return np.flatnonzero(np.bincount(labels) > 1)


def _judged(
    backend: Backend, x: FloatArray, labels: Labels, groups: npt.NDArray[Any], speakers: Labels
) -> tuple[float, float]:
    """How far apart scores of one speaker and of two lie, before and after the other half of the
    speakers has adapted the back-end; the mean of both halves."""
    found = []
    for half in (speakers[::2], speakers[1::2]):
        held = np.isin(labels, half)
        adapted = adapt_backend(backend, x[~held], labels[~held], groups[~held])
        found.append([_d_prime(own, x[held], labels[held]) for own in (backend, adapted)])
    before, after = np.mean(found, axis=0).tolist()
    return before, after


def _d_prime(backend: Backend, x: FloatArray, labels: Labels) -> float:
    rows = backend.project(x)
    i, j = np.triu_indices(len(rows), 1)
    scores = backend.scores(rows, normalized=backend.cohort is not None)
    pairs = scores.between(slice(None), slice(None))[i, j]
    same = labels[i] == labels[j]
    one, two = pairs[same], pairs[~same]
    return float((one.mean() - two.mean()) / np.sqrt((one.var() + two.var()) / 2))
