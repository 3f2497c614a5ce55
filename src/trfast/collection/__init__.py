"""The on-disk home of many diarizations, and of the speakers they share."""

from trfast.collection.collection import Collection
from trfast.collection.correction_log import Correction
from trfast.collection.corrections import Corrections
from trfast.collection.imports import import_diarizations
from trfast.collection.models import Compares
from trfast.collection.records import (
    DoubtfulLink,
    Failure,
    Link,
    Linked,
    LinkedBy,
    Recording,
    Speaker,
    Voice,
)
from trfast.collection.vector_files import read_vectors, write_vectors

__all__ = [
    "Collection",
    "Compares",
    "Correction",
    "Corrections",
    "DoubtfulLink",
    "Failure",
    "Link",
    "Linked",
    "LinkedBy",
    "Recording",
    "Speaker",
    "Voice",
    "import_diarizations",
    "read_vectors",
    "write_vectors",
]
