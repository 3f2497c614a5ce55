"""Frames: MFCC, filter banks, deltas and normalization, the store that holds them, their clock."""

from trfast.features.clock import (
    HOP,
    check_audio_rate,
    frame_hop,
    frames_in,
    frames_to_seconds,
    timeline_mask,
    timeline_to_frames,
)
from trfast.features.config import FbankConfig, FrameConfig, MfccConfig
from trfast.features.filterbank import Fbank
from trfast.features.frames import CHUNK, Frames, FrameStore, checked_frames, in_chunks
from trfast.features.mfcc import Mfcc
from trfast.features.normalization import (
    add_deltas,
    deltas,
    segment_normalization,
    sliding_normalization,
)

__all__ = [
    "CHUNK",
    "HOP",
    "Fbank",
    "FbankConfig",
    "FrameConfig",
    "FrameStore",
    "Frames",
    "Mfcc",
    "MfccConfig",
    "add_deltas",
    "check_audio_rate",
    "checked_frames",
    "deltas",
    "frame_hop",
    "frames_in",
    "frames_to_seconds",
    "in_chunks",
    "segment_normalization",
    "sliding_normalization",
    "timeline_mask",
    "timeline_to_frames",
]
