"""Local speakers of many recordings -> the speakers of the collection."""

from trfast.linking.full import Links, link, link_centred

__all__ = [
    "Links",
    "link",
    "link_centred",
]
