"""Who speaks when, and who is the same person across recordings.

The way of the data, a room a line; each uses only those above it, and the ground floor
(`errors`, `annotation`, `formats`, and what starts with an underscore)::

    audio          any recording -> mono blocks of 16 kHz, streamed; files and their names
    features       samples -> frames: MFCC, their normalization, their store, their clock
    speech         frames -> where somebody speaks
    segmentation   speech -> segments of one speaker each: Gaussian divergence, BIC
    embedding      segments -> one vector a cluster: UBM, total variability, i-vector
    scoring        two vectors -> how alike they are: cosine, WCCN, LDA, PLDA, TR network
    clustering     similarities -> clusters: connected components, complete linkage
    evidence       sums of windows -> clusters, by the likelihood of one speaker
    comparison     what compares two vectors, and when they are one person
    model          all of the above that is learned or set, in one file
    diarization    a recording -> who speaks when, and one vector a local speaker
    linking        local speakers of many recordings -> speakers of the collection
    execution      work over recordings, in processes or on any executor
    collection     the on-disk home of many diarizations, and of their speakers
    evaluation     reference and result -> I-DER, X-DER, EER, and where errors come from
    training       labelled recordings -> a model, its thresholds
    report         pages to look at
    review         a page in the browser on which links are put right
    cli            the commands

Examples
--------
>>> import trfast
>>> result = trfast.diarize("show.opus")  # doctest: +SKIP
>>> for turn in result.annotation:  # doctest: +SKIP
...     print(turn.start, turn.end, turn.speaker)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trfast.annotation import Annotation, Segment, Timeline, Turn
    from trfast.audio import Waveform
    from trfast.collection import Collection
    from trfast.comparison import Comparison
    from trfast.diarization import Diarization, Diarizer, Job, diarize
    from trfast.errors import TrfastError
    from trfast.formats import read_rttm, write_rttm
    from trfast.linking import link
    from trfast.model import ModelBundle, load_model

# Where each public name lives; loaded when it is first used, so that `import trfast` is quick.
_HOMES = {
    "Annotation": "annotation",
    "Collection": "collection",
    "Comparison": "comparison",
    "Diarization": "diarization",
    "Diarizer": "diarization",
    "Job": "diarization",
    "ModelBundle": "model",
    "Segment": "annotation",
    "Timeline": "annotation",
    "TrfastError": "errors",
    "Turn": "annotation",
    "Waveform": "audio",
    "diarize": "diarization",
    "link": "linking",
    "load_model": "model",
    "read_rttm": "formats",
    "write_rttm": "formats",
}

__all__ = [
    "Annotation",
    "Collection",
    "Comparison",
    "Diarization",
    "Diarizer",
    "Job",
    "ModelBundle",
    "Segment",
    "Timeline",
    "TrfastError",
    "Turn",
    "Waveform",
    "diarize",
    "link",
    "load_model",
    "read_rttm",
    "write_rttm",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trfast' has no attribute {name!r}")
    return getattr(import_module(f"trfast.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
