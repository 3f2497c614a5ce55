"""Compared: the back-ends of a model, and what they say by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_choice, check_not_negative
from trfast._names import BACKENDS, BackendName, ClusteringName
from trfast.clustering import check_clustering
from trfast.comparison import Comparison, across_recordings
from trfast.errors import ModelError
from trfast.scoring.backend import Backend, Thresholds
from trfast.scoring.estimators import estimator_of
from trfast.scoring.normalization import Whitening


@dataclass(frozen=True, kw_only=True)
class ClusteringConfig:
    """How the segments of a recording become local speakers, and those speakers of a collection.

    Parameters
    ----------
    alpha : float
        Weight of the penalty of BIC clustering, which joins segments before i-vectors are
        compared; 0 leaves it out.
    min_speech : float
        Seconds of speech of a local speaker: one with less joins the speaker with enough whose
        clusters have the one most similar to one of theirs, if there is any. 0: all stay.
    backend : {"cosine", "wccn", "lda", "plda", "tr"}
        What compares i-vectors, unless another back-end of the model is asked for.
    clustering : {"cc", "hac", "average"}
        Connected components, complete or average linkage, unless another one is asked for.
    """

    alpha: float = 0.0
    min_speech: float = 0.0
    backend: BackendName = "cosine"
    clustering: ClusteringName = "cc"

    def __post_init__(self) -> None:
        check_choice(self.backend, "backend", BACKENDS)
        check_clustering(self.clustering)
        check_not_negative(self.alpha, "alpha")
        check_not_negative(self.min_speech, "min_speech")


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What models share that compare vectors.

    Parameters
    ----------
    clustering : ClusteringConfig
    backends : mapping of str to Backend
        By name.
    """

    clustering: ClusteringConfig
    backends: Mapping[BackendName, Backend]

    def _backend_settings(self) -> dict[str, dict[str, Any]]:
        """Thresholds of the back-ends, as a model file holds them."""
        return {
            name: {kind: asdict(values) for kind, values in backend.thresholds.items()}
            for name, backend in self.backends.items()
        }

    def backend(self, name: BackendName | None = None) -> Backend:
        """Return the back-end of that name; default: that of `clustering`.

        Raises
        ------
        ModelError
            If the model does not have it.
        """
        name = self.clustering.backend if name is None else name
        if name not in self.backends:
            raise ModelError(
                f"the model has no back-end {name!r} (it has {', '.join(self.backends)}); take"
                " one of those, or train a model that has it"
            )
        return self.backends[name]

    def thresholds(
        self, backend: BackendName | None = None, clustering: ClusteringName | None = None
    ) -> Thresholds:
        """Return the similarities from which speakers are the same; defaults: `clustering`.

        Raises
        ------
        ModelError
            If the model does not have the back-end, or no thresholds for it.
        ParameterError
            If there is no such clustering.
        """
        found = self.backend(backend)
        clustering = check_clustering(clustering or self.clustering.clustering)
        if clustering not in found.thresholds:
            raise ModelError(
                f"the model has no thresholds of {found.name!r} for {clustering!r} (it has them"
                f" for {', '.join(found.thresholds) or 'none'}); give a threshold"
            )
        return found.thresholds[clustering]

    def within(
        self,
        backend: BackendName | None = None,
        clustering: ClusteringName | None = None,
        threshold: float | None = None,
    ) -> Comparison:
        """Return what decides whether two clusters of one recording are one speaker.

        Parameters
        ----------
        backend : {"cosine", "wccn", "lda", "plda", "tr"}, optional
        clustering : {"cc", "hac", "average"}, optional
        threshold : float, optional
            Default of each: the model's; that of the threshold is for this back-end and
            clustering.

        Raises
        ------
        ModelError
            If the model does not have the back-end, or no threshold for it where none is given.
        ParameterError
            If there is no such clustering, or no similarity equals the threshold.

        Examples
        --------
        >>> from trfast import load_model
        >>> load_model().within("cosine", threshold=0.5).clustering
        'average'
        """
        if threshold is None:
            threshold = self.thresholds(backend, clustering).within
        return Comparison(
            backend=self.backend(backend),
            clustering=clustering or self.clustering.clustering,
            threshold=threshold,
        )

    def across(
        self,
        backend: BackendName | None = None,
        clustering: ClusteringName | None = None,
        threshold: float | None = None,
    ) -> Comparison:
        """Return what decides whether speakers of two recordings are one; as `within`, but for
        average linkage, whose threshold is of scores normalized by the model's cohort, if it has
        one: standard deviations above strangers."""
        if threshold is None:
            threshold = self.thresholds(backend, clustering).across
        clustering = clustering or self.clustering.clustering
        return across_recordings(self.backend(backend), clustering, threshold)


def backends_of(
    settings: Mapping[BackendName, Mapping[str, Any]],
    tensors: Mapping[str, npt.NDArray[Any]],
    cohort: npt.NDArray[np.floating] | None = None,
) -> tuple[Whitening, dict[BackendName, Backend]]:
    """Return the whitening and the back-ends of a model file; a ValueError, of any kind, if they
    cannot work together."""
    whitening = Whitening()
    whitening.mean_ = tensors["whitening.mean"]
    whitening.matrix_ = tensors["whitening.matrix"]
    whitening.n_features_in_ = len(whitening.mean_)
    backends = {
        name: Backend(
            name=name,
            whitening=whitening,
            estimator=estimator_of(name, tensors),
            cohort=cohort,
            thresholds={
                check_clustering(kind): Thresholds(**values) for kind, values in thresholds.items()
            },
        )
        for name, thresholds in settings.items()
    }
    for backend in backends.values():
        rows = backend.project(np.ones((1, whitening.n_features_in_), np.float32))
        backend.similarity(rows)
    return whitening, backends
