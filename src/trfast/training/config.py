"""TrainingConfig: what is trained, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trfast._checks import check_choice
from trfast._names import BACKENDS, TRIPLET_STARTS, BackendName, TripletStart
from trfast.embedding import NormalizationConfig
from trfast.errors import ParameterError
from trfast.features import MfccConfig, check_audio_rate
from trfast.model import ClusteringConfig
from trfast.scoring.windows import WindowConfig
from trfast.segmentation import SegmentationConfig
from trfast.training.augmentation import AugmentationConfig


@dataclass(frozen=True, kw_only=True)
class EstimatorConfig:
    """How the estimators of the back-ends are made.

    Dimensions are upper bounds: no more are taken than the i-vectors have, nor than one less
    than there are classes: speakers, and each at another speed as another.

    Parameters
    ----------
    wccn_shrinkage, lda_shrinkage, plda_shrinkage : float
        See `Wccn`, `Lda` and `Plda`.
    lda_components, plda_rank : int
        Dimensions.
    tr : mapping of str to object
        Arguments of `TripletRanking`. Without them, its seed is that of the training, its
        `min_class_size` the training's `min_recordings`, and its start `tr_start`.
    tr_start : {"plda", "random"}
        First weights of the network. From PLDA: the projection to what it takes for the
        speaker's part of a vector, and a constant output.
    tr_spread : float
        With PLDA: root mean square, over the training vectors, of what enters tanh at the start.
    tr_constant : float
        With PLDA: the constant output, as a multiple of the length of the others at the start.
        It makes the cosine of vectors that say little of their speaker neither high nor low; the
        larger, the nearer similarities are to PLDA's, and to 1.
    window_components : int
        Directions of the model of windows (`TwoCovariance`), an upper bound as well.
    window_shrinkage, window_whitening : float
        Of its covariance within speakers, and of the whitening before it.
    """

    wccn_shrinkage: float = 0.1
    lda_components: int = 150
    lda_shrinkage: float = 0.3
    plda_rank: int = 150
    plda_shrinkage: float = 0.3
    tr: Mapping[str, Any] = field(
        default_factory=lambda: {"n_epochs": 120, "learning_rate": 0.05, "margin": 0.2}
    )
    tr_start: TripletStart = "plda"
    tr_spread: float = 0.07
    tr_constant: float = 2.0
    window_components: int = 120
    window_shrinkage: float = 0.1
    window_whitening: float = 0.5

    def __post_init__(self) -> None:
        check_choice(self.tr_start, "tr_start", TRIPLET_STARTS)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What is trained, and how; the defaults make the default model.

    Parameters
    ----------
    augmentation : AugmentationConfig
        Varied copies of the speech, from which total variability, whitening and back-ends learn.
    mfcc, segmentation, normalization, clustering
        Settings of the stages. Back-end and clustering of `clustering` are set by the training.
    windows : WindowConfig or None
        How recordings are diarized by windows; `scale` and `threshold` are set by the training.
        None: without, by segments alone.
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
    estimators : EstimatorConfig
        How.
    min_recordings : int
        Recordings in which a speaker must speak to be a class of the supervised back-ends: to
        give the triplet network pairs, and to be counted.
    min_class_speech : float
        Seconds they must speak in each; from recordings where they speak less, supervised
        back-ends learn nothing.
    n_cohort : int
        Speakers whom supervised back-ends do not hear, at most, and of three in ten: by their
        vectors, the cohort, similarities across recordings are normalized. First those of one
        recording, for the others teach more. Where fewer than 20 could be spared, all are heard,
        and nothing is normalized.
    seed : int
        Of all that is random.

    Raises
    ------
    ParameterError
        If there is no back-end of a name, `backends` is empty, or `mfcc` is for another rate than
        that of `trfast.audio`.
    """

    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    mfcc: MfccConfig = field(default_factory=MfccConfig)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    normalization: NormalizationConfig = field(default_factory=NormalizationConfig)
    clustering: ClusteringConfig = field(
        default_factory=lambda: ClusteringConfig(alpha=2.0, min_speech=4.0)
    )
    windows: WindowConfig | None = field(default_factory=WindowConfig)
    n_components: int = 256
    ubm_iterations: int = 10
    rank: int = 200
    total_variability_iterations: int = 10
    whitening_shrinkage: float = 0.2
    backends: tuple[BackendName, ...] = BACKENDS
    estimators: EstimatorConfig = field(default_factory=EstimatorConfig)
    min_recordings: int = 3
    min_class_speech: float = 3.0
    n_cohort: int = 80
    seed: int = 0

    def __post_init__(self) -> None:
        check_audio_rate(self.mfcc)
        unknown = [name for name in self.backends if name not in BACKENDS]
        if unknown or not self.backends:
            raise ParameterError(
                f"backends must be some of {', '.join(BACKENDS)},"
                f" got {', '.join(unknown) or 'none'}"
            )

    @classmethod
    def neural(cls, *, seed: int = 0) -> TrainingConfig:
        """Return the recipe of a neural embedding: it sees a window around each unit, and the
        speech as it is only; no cohort, for it tells strangers apart without."""
        return cls(
            augmentation=AugmentationConfig(n_copies=0, speeds=()),
            windows=WindowConfig(lengths=(WindowConfig.unit,)),
            n_cohort=0,
            seed=seed,
        )

    @classmethod
    def paper(cls, *, seed: int = 0) -> TrainingConfig:
        """Return the recipe of the paper, as far as it tells: one vector a speaker a recording,
        classes of 10 s in each of 3, no shrinkage, no cohort, a network that starts at
        random."""
        return cls(
            augmentation=AugmentationConfig(n_copies=0, speeds=()),
            whitening_shrinkage=0.0,
            windows=None,
            estimators=EstimatorConfig(
                wccn_shrinkage=0.0,
                lda_components=100,
                lda_shrinkage=0.0,
                plda_rank=100,
                plda_shrinkage=0.0,
                # i-vectors as they are have columns with a variance near 1; ours have length 1.
                tr={"input_scale": cls.rank**0.5},
                tr_start="random",
            ),
            min_class_speech=10.0,
            n_cohort=0,
            seed=seed,
        )
