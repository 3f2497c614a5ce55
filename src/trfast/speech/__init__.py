"""Where somebody speaks: a network + Viterbi, an energy detector as fall-back, or an ONNX file."""

from trfast.speech.detector import SpeechDetector
from trfast.speech.face import Detector
from trfast.speech.onnx_detector import OnnxDetector, OnnxDetectorConfig
from trfast.speech.regions import detect_by_energy, regions_to_timeline

__all__ = [
    "Detector",
    "OnnxDetector",
    "OnnxDetectorConfig",
    "SpeechDetector",
    "detect_by_energy",
    "regions_to_timeline",
]
