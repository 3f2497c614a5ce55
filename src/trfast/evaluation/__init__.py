"""How good it is: diarization error by recording and collection, and verification error."""

from trfast.evaluation.diarization import (
    DiarizationError,
    ErrorTimes,
    diarization_error,
    oracle_linking,
)
from trfast.evaluation.verification import (
    det_points,
    equal_error_rate,
    minimum_dcf,
    verification_trials,
)

__all__ = [
    "DiarizationError",
    "ErrorTimes",
    "det_points",
    "diarization_error",
    "equal_error_rate",
    "minimum_dcf",
    "oracle_linking",
    "verification_trials",
]
