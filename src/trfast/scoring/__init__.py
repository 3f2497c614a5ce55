"""Back-ends: how alike two vectors are."""

from trfast.scoring.cosine import cosine_components, cosine_similarity, edges_above

__all__ = ["cosine_components", "cosine_similarity", "edges_above"]
