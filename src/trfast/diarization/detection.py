"""What finds speech in a recording: a part of the model, or what hears the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._names import DETECTORS, DetectorName
from trfast.annotation import Timeline, check_timeline
from trfast.errors import ParameterError, ParameterTypeError
from trfast.features import timeline_to_frames
from trfast.features.frames import Frames
from trfast.model import ModelBundle
from trfast.speech import Detector, OnnxDetector, detect_by_energy


def checked_detector(detector: object) -> DetectorName | Detector:
    """Return the detector, or raise an error if it is none."""
    if isinstance(detector, Path) or str(detector).endswith(".onnx"):
        raise ParameterTypeError(
            f"detector must be an OnnxDetector, got a path: OnnxDetector({str(detector)!r})"
        )
    if isinstance(detector, Detector):
        return detector
    for name in DETECTORS:
        if isinstance(detector, str) and detector == name:
            return name
    raise ParameterError(
        f"detector must be one of {', '.join(DETECTORS)}, or an OnnxDetector, or have"
        f" detect(samples) and a fingerprint, got {detector!r}"
    )


def settings_of(detector: DetectorName | Detector) -> tuple[Any, ...]:
    """Return what tells a detector from others."""
    if isinstance(detector, str):
        return (detector,)
    return (detector.settings if isinstance(detector, OnnxDetector) else detector.fingerprint,)


def speech_regions(
    detector: DetectorName | Detector, model: ModelBundle, static: Frames, speech: Timeline | None
) -> npt.NDArray[np.int64]:
    """Return where somebody speaks, in frames: as it is given, or as the detector finds it."""
    if speech is not None:
        return timeline_to_frames(
            check_timeline(speech, "speech").merged(), len(static), model.mfcc
        )
    if not isinstance(detector, str):
        raise ParameterError(
            "the detector hears samples, not frames: give speech, as its detect(samples) finds it"
        )
    if detector == "energy":
        return detect_by_energy(static, config=model.mfcc)
    return model.detector.detect(static)
