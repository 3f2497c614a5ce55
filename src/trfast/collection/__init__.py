"""The on-disk home of many diarizations, and of the speakers they share."""

from trfast.collection.collection import Collection, Compares
from trfast.collection.records import Failure, Link, Recording, Speaker

__all__ = [
    "Collection",
    "Compares",
    "Failure",
    "Link",
    "Recording",
    "Speaker",
]
