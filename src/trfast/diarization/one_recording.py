"""diarize: one recording, in one call."""

from __future__ import annotations

from trfast._listening import Tell
from trfast.audio import Source
from trfast.comparison import Comparison
from trfast.diarization.diarizer import Diarizer
from trfast.diarization.job import Job
from trfast.diarization.result import Diarization
from trfast.model import ModelBundle


def diarize(
    job: Job | Source,
    *,
    model: ModelBundle | None = None,
    comparison: Comparison | None = None,
    num_speakers: int | None = None,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
    progress: Tell | None = None,
) -> Diarization:
    """Say who speaks when in one recording.

    Parameters
    ----------
    job : Job, path, Waveform, bytes or file object
        Any audio file, by its path, in memory or opened, or samples in memory; a `Job` gives them a
        name, speech marks or a channel.
    model : ModelBundle, optional
        Default: the model that comes with the package. To diarize many recordings, make a
        `Diarizer` once.
    comparison : Comparison, optional
        As in `Diarizer`.
    num_speakers, min_speakers, max_speakers : int, optional
        So many speakers, or at least, at most so many; default: the evidence decides.
    progress : callable, optional
        Called with seconds of audio done, and in all, as a `Diarizer` does.

    Returns
    -------
    Diarization

    Raises
    ------
    AudioError
        If the file cannot be read as audio.
    ParameterError
        If there is not speech enough for the speakers asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from trfast.audio import Waveform
    >>> noise = np.random.default_rng(0).normal(scale=0.01, size=16000).astype(np.float32)
    >>> len(diarize(Waveform(noise, 16000)).speakers)
    0
    """
    diarizer = Diarizer(
        model,
        comparison=comparison,
        num_speakers=num_speakers,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
    )
    return diarizer(job, progress=progress)
