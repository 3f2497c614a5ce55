"""Results of other systems -> diarizations that a collection takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from trfast._checks import check_type
from trfast.annotation import Annotation, Timeline, check_timeline
from trfast.audio import check_name
from trfast.collection.vector_files import key_of
from trfast.diarization import Diarization
from trfast.errors import CollectionError

FloatArray = npt.NDArray[np.float32]

IMPORTED = "imported:"  # and a name: the model_hash of what another system made
_LISTED = 10


def import_diarizations(
    annotations: Iterable[Annotation],
    vectors: Mapping[str, npt.ArrayLike],
    *,
    uem: Mapping[str, Timeline] | None = None,
    name: str | None = None,
) -> list[Diarization]:
    """Make diarizations of another system's turns and vectors.

    Parameters
    ----------
    annotations : iterable of Annotation
        Who speaks when in each recording, with local names: such as
        ``read_rttm("turns.rttm").values()``.
    vectors : mapping of str to array_like (dimension,)
        By ``recording/speaker``, such as `read_vectors` gives them: one for each speaker of each
        recording, and no other.
    uem : mapping of str to Timeline, optional
        By name of recording: it lasts to the end of this, or of its last turn if that is later.
    name : str, optional
        What made the vectors; those of one collection have one name. Default: their dimension.

    Returns
    -------
    list of Diarization
        Their `model_hash` is ``imported:`` and the name.

    Raises
    ------
    CollectionError
        If turns and vectors do not agree, or vectors cannot be compared by cosine; all that is
        wrong is counted, the first of each kind are listed.

    Examples
    --------
    >>> monday = Annotation("monday", [(0.0, 2.0, "A"), (2.0, 3.5, "B")])
    >>> (found,) = import_diarizations([monday], {"monday/A": [1, 0], "monday/B": [0, 1]})
    >>> found.speakers, found.speech_durations.tolist(), found.duration, found.model_hash
    (('A', 'B'), [2.0, 1.5], 3.5, 'imported:2')
    """
    listed = [check_type(item, Annotation, "annotations") for item in annotations]
    regions = {
        recording: check_timeline(timeline, "uem") for recording, timeline in (uem or {}).items()
    }
    vectors = dict(check_type(vectors, Mapping, "vectors"))  # type: ignore[type-abstract]
    rows = _checked([(a.recording, speaker) for a in listed for speaker in a.speakers], vectors)
    dimension = len(next(iter(rows.values()), ()))
    made_by = IMPORTED + check_name(str(dimension) if name is None else name, "system")
    found = []
    for annotation in listed:
        recording, seconds = annotation.recording, annotation.speech_by_speaker()
        local = tuple(dict.fromkeys(turn.speaker for turn in annotation))
        own = [rows[key_of(recording, speaker)] for speaker in local]
        ends = [turn.end for turn in annotation]
        if recording in regions:
            ends += regions[recording].ends.tolist()
        found.append(
            Diarization(
                annotation=annotation,
                speakers=local,
                vectors=np.array(own, np.float32).reshape(len(local), dimension),
                speech_durations=np.array([seconds[speaker] for speaker in local], np.float64),
                duration=max(ends, default=0.0),
                model_hash=made_by,
            )
        )
    return found


def _checked(
    speakers: list[tuple[str, str]], vectors: Mapping[str, npt.ArrayLike]
) -> dict[str, FloatArray]:
    """Return a vector for each local speaker, if there is one for each, and no other."""
    times = Counter(key_of(*speaker) for speaker in speakers)
    rows = {key: _row(vectors[key]) for key in times if key in vectors}
    lengths = Counter(len(row) for row in rows.values() if row.ndim == 1)
    ((usual, _),) = lengths.most_common(1) or [(0, 0)]
    wrong = {
        "local speakers share a key with another: rename them": [
            key for key, n in times.items() if n > 1
        ],
        "speakers of the turns have no vector": times.keys() - vectors.keys(),
        "vectors are of nobody in the turns": vectors.keys() - times.keys(),
        f"vectors are not of the shape of most, ({usual},)": [
            key for key, row in rows.items() if row.shape != (usual,)
        ],
        "vectors are zero or no finite numbers: leave these speakers out of turns and vectors": [
            key for key, row in rows.items() if not (np.isfinite(row).all() and row.any())
        ],
    }
    problems = [_told(what, keys) for what, keys in wrong.items() if keys]
    if problems:
        raise CollectionError(
            "\n".join(
                [
                    "turns and vectors do not agree; expected one vector under the key"
                    " recording/speaker for each speaker of each recording, and no other:",
                    *problems,
                ]
            )
        )
    return rows


def _row(vector: npt.ArrayLike) -> FloatArray:
    try:
        given = np.asarray(vector)
        if given.dtype.kind not in "biufO":
            return np.full(given.shape, np.nan, np.float32)
        with np.errstate(over="ignore"):
            return given.astype(np.float32)
    except (TypeError, ValueError):  # no numbers
        return np.full(1, np.nan, np.float32)


def _told(what: str, keys: Collection[str]) -> str:
    more = len(keys) - _LISTED
    shown = ", ".join(sorted(keys)[:_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"  {len(keys)} {what}: {shown}"
