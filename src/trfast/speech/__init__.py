"""Where somebody speaks: a network + Viterbi, an energy detector as fall-back."""

from trfast.speech.detector import SpeechDetector
from trfast.speech.regions import detect_by_energy, regions_to_timeline

__all__ = ["SpeechDetector", "detect_by_energy", "regions_to_timeline"]
