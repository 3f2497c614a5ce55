"""A recording -> who speaks when, and one vector a local speaker."""

from trfast.diarization.diarizer import Diarizer
from trfast.diarization.job import Job
from trfast.diarization.one_recording import diarize
from trfast.diarization.result import Diarization, EmbeddedSegments
from trfast.diarization.speaker_count import SpeakerCount, SpeakerCounts, read_speaker_counts
from trfast.diarization.stage_times import StageTimes

__all__ = [
    "Diarization",
    "Diarizer",
    "EmbeddedSegments",
    "Job",
    "SpeakerCount",
    "SpeakerCounts",
    "StageTimes",
    "diarize",
    "read_speaker_counts",
]
