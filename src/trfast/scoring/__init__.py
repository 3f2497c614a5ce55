"""Back-ends: how alike two vectors are."""

from trfast.scoring.calibration import (
    LogisticCalibration,
    SNorm,
    best_threshold,
    cllr,
    score_histogram,
)
from trfast.scoring.cosine import cosine_components, cosine_similarity, edges_above
from trfast.scoring.normalization import (
    Centering,
    EigenFactorRadial,
    Lda,
    LengthNorm,
    Wccn,
    Whitening,
)
from trfast.scoring.plda import Plda
from trfast.scoring.triplet import TripletRanking

__all__ = [
    "Centering",
    "EigenFactorRadial",
    "Lda",
    "LengthNorm",
    "LogisticCalibration",
    "Plda",
    "SNorm",
    "TripletRanking",
    "Wccn",
    "Whitening",
    "best_threshold",
    "cllr",
    "cosine_components",
    "cosine_similarity",
    "edges_above",
    "score_histogram",
]
