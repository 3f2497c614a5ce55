"""Local speakers of many recordings -> the speakers of the collection."""

from trfast.linking.adaptation import Adapted, adapt
from trfast.linking.doubts import Doubt, doubts
from trfast.linking.enrolment import Identified, Voices, identify
from trfast.linking.full import Links, link, link_centred
from trfast.linking.incremental import NewLinks, link_new
from trfast.linking.known import Known

__all__ = [
    "Adapted",
    "Doubt",
    "Identified",
    "Known",
    "Links",
    "NewLinks",
    "Voices",
    "adapt",
    "doubts",
    "identify",
    "link",
    "link_centred",
    "link_new",
]
