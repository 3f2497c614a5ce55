"""How good it is: diarization error by recording and collection, and verification error."""

from trfast.evaluation.clusters import ClusterQuality, ClusterRates, cluster_quality
from trfast.evaluation.common import CommonTime, common_time, one_to_one
from trfast.evaluation.corpus import CorpusCounts, corpus_counts
from trfast.evaluation.diarization import DiarizationError, ErrorTimes, diarization_error
from trfast.evaluation.explanation import ErrorParts, Explanation, SpeakerErrors, explain
from trfast.evaluation.oracle import oracle_linking
from trfast.evaluation.scored import Conventions
from trfast.evaluation.verification import (
    minimum_dcf,
    verification_trials,
    verification_trials_of_scores,
)
from trfast.scoring.trials import det_points, equal_error_rate

__all__ = [
    "ClusterQuality",
    "ClusterRates",
    "CommonTime",
    "Conventions",
    "CorpusCounts",
    "DiarizationError",
    "ErrorParts",
    "ErrorTimes",
    "Explanation",
    "SpeakerErrors",
    "cluster_quality",
    "common_time",
    "corpus_counts",
    "det_points",
    "diarization_error",
    "equal_error_rate",
    "explain",
    "minimum_dcf",
    "one_to_one",
    "oracle_linking",
    "verification_trials",
    "verification_trials_of_scores",
]
