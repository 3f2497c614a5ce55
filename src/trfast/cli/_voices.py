"""What the verbs that link say of voices that are enrolled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trfast.collection import Collection, Linked


def found(collection: Collection, linked: Linked) -> dict[str, Any]:
    """Count who has a name by a voice that is enrolled, and how often strangers would."""
    enrolled = {voice.speaker for voice in collection.voices()}
    links = collection.links() if enrolled else ()
    return {
        "enrolled_speakers": len(enrolled),
        "found_by_voice": sum(link.enrolled_similarity is not None for link in links),
        "false_acceptance": linked.false_acceptance,
    }


def in_words(voices: dict[str, Any]) -> Iterator[str]:
    """Yield a line, if anybody is enrolled."""
    if not voices["enrolled_speakers"]:
        return
    rate = voices["false_acceptance"]
    strangers = (
        "no two speak in one recording, so nobody knows how often a stranger would be"
        if rate is None
        else f"at this threshold about {100 * rate:.2g} % of strangers are taken for one of them"
    )
    yield (
        f"enrolled speakers: {voices['enrolled_speakers']}, found by voice:"
        f" {voices['found_by_voice']}; {strangers}"
    )
