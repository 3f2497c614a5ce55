"""TrainingConfig: what is trained, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trfast.embedding import NormalizationConfig
from trfast.errors import ParameterError
from trfast.features import MfccConfig
from trfast.model import ClusteringConfig
from trfast.scoring.backend import BACKENDS
from trfast.segmentation import SegmentationConfig


@dataclass(frozen=True, kw_only=True)
class BackendConfig:
    """How the estimators of the back-ends are made.

    Dimensions are upper bounds: no more are taken than the i-vectors have, nor than one less
    than there are speakers.

    Parameters
    ----------
    wccn_shrinkage, lda_shrinkage, plda_shrinkage : float
        See `Wccn`, `Lda` and `Plda`.
    lda_components, plda_rank : int
        Dimensions.
    tr : mapping of str to object
        Arguments of `TripletRanking`. Without them, its seed is that of the training, its
        `min_class_size` the training's `min_recordings`, and its start `tr_start`.
    tr_start : {"plda", "lda", "random"}
        First weights of the network: the projection of the other back-end, or random ones.
    tr_spread : float
        Root mean square, over the training vectors, of what enters tanh at the start, when that
        is not random.
    """

    wccn_shrinkage: float = 0.2
    lda_components: int = 60
    lda_shrinkage: float = 0.7
    plda_rank: int = 100
    plda_shrinkage: float = 0.7
    tr: Mapping[str, Any] = field(default_factory=lambda: {"n_epochs": 300})
    tr_start: str = "plda"
    tr_spread: float = 0.5

    def __post_init__(self) -> None:
        if self.tr_start not in ("plda", "lda", "random"):
            raise ParameterError(
                f"tr_start must be 'plda', 'lda' or 'random', got {self.tr_start!r}"
            )


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What is trained, and how; the defaults make the default model.

    Parameters
    ----------
    mfcc, segmentation, normalization, clustering
        Settings of the stages. Back-end and clustering of `clustering` are set by the training.
    n_components : int
        Gaussians of the UBM.
    ubm_iterations : int
        EM iterations of the UBM.
    rank : int
        Dimension of the i-vectors.
    total_variability_iterations : int
        EM iterations of the total variability matrix.
    whitening_shrinkage : float
        See `Whitening`.
    backends : tuple of str
        Back-ends to train.
    backend : BackendConfig
        How.
    min_recordings : int
        Recordings in which a speaker must speak to be a class of the supervised back-ends: to
        give the triplet network pairs, and to be counted.
    min_speech : float
        Seconds they must speak in each; from recordings where they speak less, supervised
        back-ends learn nothing.
    seed : int
        Of all that is random.

    Raises
    ------
    ParameterError
        If there is no back-end of a name, or `backends` is empty.
    """

    mfcc: MfccConfig = field(default_factory=MfccConfig)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    normalization: NormalizationConfig = field(default_factory=NormalizationConfig)
    clustering: ClusteringConfig = field(default_factory=lambda: ClusteringConfig(alpha=2.0))
    n_components: int = 256
    ubm_iterations: int = 10
    rank: int = 200
    total_variability_iterations: int = 10
    whitening_shrinkage: float = 0.2
    backends: tuple[str, ...] = BACKENDS
    backend: BackendConfig = field(default_factory=BackendConfig)
    min_recordings: int = 3
    min_speech: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.backends if name not in BACKENDS]
        if unknown or not self.backends:
            raise ParameterError(
                f"backends must be some of {', '.join(BACKENDS)},"
                f" got {', '.join(unknown) or 'none'}"
            )
