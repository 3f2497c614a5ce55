"""What the verbs that link say of voices that are enrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trfast.collection import Collection, Linked


def tell(collection: Collection, linked: Linked) -> None:
    """Say how many have a name by a voice that is enrolled, and how often strangers would."""
    enrolled = {voice.speaker for voice in collection.voices()}
    if not enrolled:
        return
    n_named = sum(link.enrolled_similarity is not None for link in collection.links())
    rate = linked.false_acceptance
    strangers = (
        "no two speak in one recording, so nobody knows how often a stranger would be"
        if rate is None
        else f"at this threshold about {100 * rate:.2g} % of strangers are taken for one of them"
    )
    click.echo(f"enrolled speakers: {len(enrolled)}, found by voice: {n_named}; {strangers}")
