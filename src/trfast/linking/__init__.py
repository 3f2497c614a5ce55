"""Local speakers of many recordings -> the speakers of the collection."""

from trfast.linking.adaptation import Adapted, adapt
from trfast.linking.full import Links, link, link_centred

__all__ = [
    "Adapted",
    "Links",
    "adapt",
    "link",
    "link_centred",
]
