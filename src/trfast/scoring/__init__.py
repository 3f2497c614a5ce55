"""Back-ends: how alike two vectors are."""

from trfast.scoring.cosine import cosine_components, cosine_similarity, edges_above
from trfast.scoring.normalization import Lda, LengthNorm, Wccn, Whitening
from trfast.scoring.plda import Plda
from trfast.scoring.triplet import TripletRanking

__all__ = [
    "Lda",
    "LengthNorm",
    "Plda",
    "TripletRanking",
    "Wccn",
    "Whitening",
    "cosine_components",
    "cosine_similarity",
    "edges_above",
]
