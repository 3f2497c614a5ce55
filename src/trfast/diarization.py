"""Diarizer: a recording -> who speaks when, and one vector a local speaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trfast.annotation import Annotation


@dataclass(frozen=True, kw_only=True, eq=False)
class Diarization:
    """Who speaks when in one recording, and a vector for each of its speakers.

    Parameters
    ----------
    annotation : Annotation
        Turns with the names of local speakers (``S1``, ``S2``, ... in order of appearance).
    speakers : tuple of str
        Local speakers, one a row of `vectors`.
    vectors : ndarray (n_speakers, dimension), float32
        Average i-vector of each local speaker, before any back-end.
    speech_durations : ndarray (n_speakers,), float64
        Seconds of speech of each local speaker.
    duration : float
        Seconds of audio.
    model_hash : str
        Content hash of the model that made this.
    stage_seconds : mapping of str to float
        Time spent, by stage.
    """

    annotation: Annotation
    speakers: tuple[str, ...]
    vectors: npt.NDArray[np.float32]
    speech_durations: npt.NDArray[np.float64]
    duration: float
    model_hash: str
    stage_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def recording(self) -> str:
        """Name of the recording."""
        return self.annotation.recording
