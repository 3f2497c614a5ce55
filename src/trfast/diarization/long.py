"""Long recordings: windows say who speaks in each part, and these speakers are linked.

What windows say of two stretches of speech is the surer the longer they are, as if one voice always
sounded the same. So, of many hours, it tells a speaker in one show from the same in another, and in
the end from the same in that show. Parts are no longer than windows do well; their speakers are
compared by one vector each, as those of many recordings are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._names import BackendName
from trfast.comparison import across_recordings
from trfast.diarization.local_speakers import local_speakers
from trfast.diarization.speaker_count import SpeakerCount
from trfast.model import ModelBundle
from trfast.scoring.centring import shift_of_speakers

FloatArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

# Seconds of a recording that is taken apart, if it is longer, and of its parts at most.
_LONG, _PART = 7200.0, 3600.0
# What links them: standard deviations above strangers, as the default model has it across
# recordings; not what a model is tuned to, for then tuning would diarize again.
_BACKEND: BackendName = "tr"
_THRESHOLD = 2.4


def n_parts(model: ModelBundle, duration: float) -> int:
    """Return how many parts a recording is taken apart into, of one length: one, if it is of two
    hours at most, or if the model has nothing to link them by, which is a triplet network and a
    cohort to normalize by.

    Parameters
    ----------
    model : ModelBundle
    duration : float
        Seconds.
    """
    backend = model.backends.get(_BACKEND)
    if duration <= _LONG or model.neural is not None or backend is None or backend.cohort is None:
        return 1
    return int(np.ceil(duration / _PART))


def linked_speakers(
    model: ModelBundle,
    vectors: FloatArray,
    durations: FloatArray,
    *,
    speaker_count: SpeakerCount = SpeakerCount(),  # noqa: B008 (frozen)
) -> Labels:
    """Link the local speakers of the parts, those of one part too: twice, the second time less
    what they share, as `trfast.linking.link_centred` does.

    Parameters
    ----------
    model : ModelBundle
        For which there are parts.
    vectors : ndarray (n, rank)
        Of the local speakers.
    durations : ndarray (n,)
        Seconds of each.
    speaker_count : SpeakerCount
        How many speakers there are, of whom each has a local speaker.

    Returns
    -------
    ndarray (n,), int64
        Speaker of each local speaker, numbered in order of first appearance.
    """
    comparison = across_recordings(model.backends[_BACKEND], "average", _THRESHOLD)

    def linked(x: FloatArray, count: SpeakerCount) -> Labels:
        rows = comparison.backend.project(x)
        return local_speakers(comparison, rows, durations, min_speech=0.0, speaker_count=count)

    first = linked(vectors, SpeakerCount())
    shift = shift_of_speakers(vectors, first, comparison.backend)
    return linked(vectors - shift, speaker_count)
