"""Any recording -> mono float32 blocks at 16 kHz, streamed; files, and their names."""

from trfast.audio.encoded import Encoded
from trfast.audio.files import AUDIO_SUFFIXES, absolute, find_audio, source_size
from trfast.audio.limits import LONGEST_GAPS, SECONDS_A_BYTE, SECONDS_ANY
from trfast.audio.mono import SAMPLE_RATE
from trfast.audio.names import (
    channel_name,
    check_name,
    file_name,
    name_channels,
    name_recordings,
)
from trfast.audio.opened import AudioInfo
from trfast.audio.remote import is_url
from trfast.audio.sound_check import SoundCheck
from trfast.audio.source import (
    Source,
    check_channel,
    check_source,
    check_track,
    has_sound,
    header_duration,
    load,
    probe,
    stream,
)
from trfast.audio.waveform import Waveform

__all__ = [
    "AUDIO_SUFFIXES",
    "LONGEST_GAPS",
    "SAMPLE_RATE",
    "SECONDS_ANY",
    "SECONDS_A_BYTE",
    "AudioInfo",
    "Encoded",
    "SoundCheck",
    "Source",
    "Waveform",
    "absolute",
    "channel_name",
    "check_channel",
    "check_name",
    "check_source",
    "check_track",
    "file_name",
    "find_audio",
    "has_sound",
    "header_duration",
    "is_url",
    "load",
    "name_channels",
    "name_recordings",
    "probe",
    "source_size",
    "stream",
]
