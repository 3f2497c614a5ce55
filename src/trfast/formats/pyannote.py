"""pyannote.core's Annotation, there and back."""

from __future__ import annotations

from typing import Any

from trfast._checks import check_type
from trfast._extras import extra
from trfast.annotation import Annotation
from trfast.errors import AnnotationError


def to_pyannote(annotation: Annotation) -> Any:
    """Return turns as `pyannote.core.Annotation` (``trfast[pyannote]``).

    Parameters
    ----------
    annotation : Annotation

    Returns
    -------
    pyannote.core.Annotation
        Its ``uri`` is the recording, its labels are the speakers. Each turn has a track of its own,
        so that none takes the place of another.

    Raises
    ------
    AnnotationError
        If a turn is so short that pyannote.core takes it for empty.
    MissingExtraError
        If pyannote.core is missing.

    Examples
    --------
    >>> print(to_pyannote(Annotation("show", [(0.5, 2.5, "ann")])))  # doctest: +SKIP
    [ 00:00:00.500 -->  00:00:02.500] 0 ann
    """
    core = extra("pyannote.core", "pyannote", "pyannote's Annotation")
    check_type(annotation, Annotation, "annotation")
    made = core.Annotation(uri=annotation.recording)
    for track, turn in enumerate(annotation):
        segment = core.Segment(float(turn.start), float(turn.end))
        if not segment:
            raise AnnotationError(
                f"{annotation.recording}: {turn} is empty for pyannote.core. Leave it out"
            )
        made[segment, track] = turn.speaker
    return made


def from_pyannote(annotation: Any, recording: str | None = None) -> Annotation:
    """Return the turns of a `pyannote.core.Annotation`.

    Parameters
    ----------
    annotation : pyannote.core.Annotation
        Labels are strings; the names of tracks are not kept.
    recording : str, optional
        Name of the recording; default: the ``uri``.

    Returns
    -------
    Annotation

    Raises
    ------
    AnnotationError
        If there is no name, or a label is no string.

    Examples
    --------
    >>> show = Annotation("show", [(0.5, 2.5, "ann")])
    >>> from_pyannote(to_pyannote(show)) == show  # doctest: +SKIP
    True
    """
    name = annotation.uri if recording is None else recording
    if name is None:
        raise AnnotationError("the annotation has no uri: give the name of the recording")
    turns = []
    for segment, _, label in annotation.itertracks(yield_label=True):
        if not isinstance(label, str):
            raise AnnotationError(
                f"label {label!r} is no string. Rename it first (Annotation.rename_labels)"
            )
        turns.append((float(segment.start), float(segment.end), label))
    return Annotation(name, turns)
