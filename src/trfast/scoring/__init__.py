"""Back-ends: how alike two vectors are."""

from trfast.scoring.backend import Backend, Thresholds
from trfast.scoring.calibration import (
    LogisticCalibration,
    ScoreHistogram,
    best_threshold,
    cllr,
    score_histogram,
)
from trfast.scoring.compiled import CompiledScore
from trfast.scoring.cosine import (
    cosine_components,
    cosine_similarity,
    edges_above,
    sweep_above,
)
from trfast.scoring.lda import Lda
from trfast.scoring.normalization import Centering, EigenFactorRadial, LengthNorm, Whitening
from trfast.scoring.own import Projection, Score
from trfast.scoring.plda import Plda
from trfast.scoring.snorm import SNorm, normalize_scores
from trfast.scoring.trials import det_points, equal_error_rate
from trfast.scoring.triplet import Epoch, TripletRanking
from trfast.scoring.two_covariance import TwoCovariance
from trfast.scoring.wccn import Wccn
from trfast.scoring.windows import WindowConfig, WindowScoring

__all__ = [
    "Backend",
    "Centering",
    "CompiledScore",
    "EigenFactorRadial",
    "Epoch",
    "Lda",
    "LengthNorm",
    "LogisticCalibration",
    "Plda",
    "Projection",
    "SNorm",
    "Score",
    "ScoreHistogram",
    "Thresholds",
    "TripletRanking",
    "TwoCovariance",
    "Wccn",
    "Whitening",
    "WindowConfig",
    "WindowScoring",
    "best_threshold",
    "cllr",
    "cosine_components",
    "cosine_similarity",
    "det_points",
    "edges_above",
    "equal_error_rate",
    "normalize_scores",
    "score_histogram",
    "sweep_above",
]
