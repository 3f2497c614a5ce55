"""What the verbs that score share: RTTM files and folders of them as one collection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats import read_rttm


def read_annotations(paths: Sequence[Path]) -> dict[str, Annotation]:
    """Read RTTM files and folders of them into one collection."""
    annotations: dict[str, Annotation] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        files = sorted(path.glob("*.rttm")) if path.is_dir() else [path]
        if not files:
            raise AnnotationError(f"{path}: a folder without .rttm files. Give one that has some")
        for file in files:
            for recording, annotation in read_rttm(file).items():
                if recording in annotations:
                    raise AnnotationError(
                        f"recording {recording} is in {origin[recording]} and in {file},"
                        " expected in one file. Give one of the two"
                    )
                annotations[recording], origin[recording] = annotation, file
    return annotations
