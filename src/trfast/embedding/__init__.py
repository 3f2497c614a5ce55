"""Segments -> statistics that add up -> one vector a cluster."""

from trfast.embedding.embedder import Embedder
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.embedding.ivector import ProjectedStatistics, TotalVariability
from trfast.embedding.ivector_embedder import IvectorEmbedder, NormalizationConfig, segment_frames
from trfast.embedding.onnx_embedder import OnnxEmbedder
from trfast.embedding.pieces import Embedding, OwnEmbedder, PieceEmbedder, piece_embedder
from trfast.embedding.simplified import SimplifiedIvectors

__all__ = [
    "BaumWelchStatistics",
    "DiagonalGmm",
    "Embedder",
    "Embedding",
    "IvectorEmbedder",
    "NormalizationConfig",
    "OnnxEmbedder",
    "OwnEmbedder",
    "PieceEmbedder",
    "ProjectedStatistics",
    "SimplifiedIvectors",
    "TotalVariability",
    "piece_embedder",
    "segment_frames",
]
