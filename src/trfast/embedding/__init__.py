"""Segments -> statistics that add up -> one vector a cluster."""

from trfast.embedding.embedder import Embedder
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.embedding.ivector import ProjectedStatistics, TotalVariability
from trfast.embedding.ivector_embedder import IvectorEmbedder, NormalizationConfig, segment_frames
from trfast.embedding.onnx_embedder import OnnxEmbedder
from trfast.embedding.simplified import SimplifiedIvectors

__all__ = [
    "BaumWelchStatistics",
    "DiagonalGmm",
    "Embedder",
    "IvectorEmbedder",
    "NormalizationConfig",
    "OnnxEmbedder",
    "ProjectedStatistics",
    "SimplifiedIvectors",
    "TotalVariability",
    "segment_frames",
]
