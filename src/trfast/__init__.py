"""Who speaks when, and who is the same person across recordings.

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
    from trfast.diarization import Diarization, Diarizer, diarize
    from trfast.errors import TrfastError
    from trfast.formats import read_rttm, write_rttm
    from trfast.linking import link
    from trfast.model import ModelBundle, load_model

# Where each public name lives; loaded when it is first used, so that `import trfast` is quick.
_HOMES = {
    "Annotation": "annotation",
    "Collection": "collection",
    "Diarization": "diarization",
    "Diarizer": "diarization",
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
    "Diarization",
    "Diarizer",
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
