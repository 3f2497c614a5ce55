"""Job: what is to be diarized."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

import numpy as np
import numpy.typing as npt

from trfast.annotation import Timeline, check_timeline
from trfast.audio import (
    Encoded,
    SoundCheck,
    Source,
    Waveform,
    check_channel,
    check_name,
    check_source,
    check_track,
    name_recordings,
    stream,
)
from trfast.audio.names import written
from trfast.diarization.speaker_count import SpeakerCount


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A recording to diarize: its name, its sound, and what is known of it.

    Parameters
    ----------
    name : str
        Name of the recording: one word, as RTTM wants it.
    source : path, Waveform, bytes or file object
        Any audio file, samples in memory, or an audio file in memory or opened for reading bytes,
        which is read whole at once.
    speech : Timeline, optional
        Where somebody speaks, in seconds; default: the detector says.
    channel : int, optional
        Channel to take, from 0; default: the mean of all.
    track : int
        Which of several audio tracks of a file, from 0.
    num_speakers, min_speakers, max_speakers : int, optional
        How many speakers there are, as in `SpeakerCount`; default: as the diarizer has it.

    Raises
    ------
    ParameterError
        If the name cannot be written, or a part is not what it should be.

    Examples
    --------
    >>> Job("monday", "shows/1.mp3", speech=Timeline([(3.5, 21.0)]), num_speakers=2)
    Job(name='monday', source='shows/1.mp3', speech=Timeline([(3.5, 21.0)]), channel=None,
        track=0, num_speakers=2, min_speakers=None, max_speakers=None)
    """

    name: str
    source: Source
    speech: Timeline | None = None
    channel: int | None = None
    _: KW_ONLY
    track: int = 0
    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "source", check_source(self.source))
        if self.speech is not None:
            check_timeline(self.speech, "speech")
        check_channel(self.channel)
        check_track(self.track)
        self.speaker_count  # noqa: B018 (checks them)

    @property
    def speaker_count(self) -> SpeakerCount:
        """How many speakers there are, as far as it is known."""
        return SpeakerCount(self.num_speakers, self.min_speakers, self.max_speakers)

    def stream(self, *, check: SoundCheck | None = None) -> Iterator[npt.NDArray[np.float32]]:
        """Decode it, as `trfast.audio.stream` does."""
        return stream(self.source, channel=self.channel, track=self.track, check=check)

    @classmethod
    def of(cls, item: Job | Source) -> Job:
        """Return a job as it is; name a file as `name_recordings` does, what has no name
        ``recording``.

        Examples
        --------
        >>> Job.of("shows/late show.mp3").name
        'late_show'
        """
        if isinstance(item, Job):
            return item
        source = check_source(item)
        if isinstance(source, Waveform):
            return cls("recording", source)
        if isinstance(source, Encoded):
            return cls(written(os.path.splitext(source.file_name or "recording")[0]), source)
        (name,) = name_recordings([source])
        return cls(name, source)
