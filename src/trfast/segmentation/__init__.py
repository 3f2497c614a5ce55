"""Speech regions -> segments of one speaker each, and their refinement."""

from trfast.segmentation.bic import bic_clustering, linear_bic
from trfast.segmentation.chain import SegmentationConfig, segment
from trfast.segmentation.divergence import change_points, gaussian_divergence
from trfast.segmentation.moments import VARIANCE_FLOOR, column_moments
from trfast.segmentation.resegmentation import viterbi_resegmentation
from trfast.segmentation.units import (
    Units,
    cut_units,
    longest_windows,
    units_between_changes,
    windows_around,
)

__all__ = [
    "VARIANCE_FLOOR",
    "SegmentationConfig",
    "Units",
    "bic_clustering",
    "change_points",
    "column_moments",
    "cut_units",
    "gaussian_divergence",
    "linear_bic",
    "longest_windows",
    "segment",
    "units_between_changes",
    "viterbi_resegmentation",
    "windows_around",
]
