"""The on-disk home of many diarizations, and of the speakers they share."""

from trfast.collection.collection import Collection, Compares
from trfast.collection.corrections import Correction, Corrections
from trfast.collection.records import DoubtfulLink, Failure, Link, Linked, Recording, Speaker

__all__ = [
    "Collection",
    "Compares",
    "Correction",
    "Corrections",
    "DoubtfulLink",
    "Failure",
    "Link",
    "Linked",
    "Recording",
    "Speaker",
]
