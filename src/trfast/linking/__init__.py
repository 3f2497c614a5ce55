"""Local speakers of many recordings -> the speakers of the collection."""

from trfast.linking.adaptation import Adapted, adapt
from trfast.linking.full import Links, link, link_centred
from trfast.linking.known import Known

__all__ = [
    "Adapted",
    "Known",
    "Links",
    "adapt",
    "link",
    "link_centred",
]
