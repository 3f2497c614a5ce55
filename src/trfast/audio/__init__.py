"""Any recording -> mono float32 blocks at 16 kHz, streamed; files, and their names."""

from trfast.audio.decoders import AudioInfo
from trfast.audio.files import AUDIO_SUFFIXES, find_audio, name_recordings, source_size
from trfast.audio.source import (
    SAMPLE_RATE,
    Source,
    Waveform,
    check_channel,
    check_source,
    load,
    probe,
    stream,
)

__all__ = [
    "AUDIO_SUFFIXES",
    "SAMPLE_RATE",
    "AudioInfo",
    "Source",
    "Waveform",
    "check_channel",
    "check_source",
    "find_audio",
    "load",
    "name_recordings",
    "probe",
    "source_size",
    "stream",
]
