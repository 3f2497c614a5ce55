"""A collection in a line, and in a notebook."""

from __future__ import annotations

from itertools import accumulate

from trfast._pictures import card, clock, table, timeline_picture
from trfast.collection.store import Store
from trfast.errors import CollectionError

_MOST_SHOWN = 12


def said(store: Store) -> str:
    """Say what a collection holds, in a line; of a closed one, that it is closed."""
    try:
        n, seconds, failed = store.totals()
        speakers = f"{len(store.speakers())} speakers" if store.is_linked() else "not linked"
    except CollectionError:
        return f"<Collection {str(store.path)!r}: closed>"
    more = f", {failed} failed" * bool(failed)
    return (
        f"<Collection {str(store.path)!r}: {n} recordings, {clock(seconds)} of sound,"
        f" {speakers}{more}>"
    )


def shown(store: Store) -> str:
    """Show the speakers with most speech, and in which recordings they are, one recording after the
    other."""
    title = said(store)
    try:
        speakers = sorted(store.speakers(), key=lambda own: (-own.speech, own.id))[:_MOST_SHOWN]
        recordings = store.recordings()
        heard = {own.name: store.recordings_of(own.name) for own in speakers}
    except CollectionError:  # closed, or not linked
        return card(title)
    if not (speakers and recordings):
        return card(title)
    ends = list(accumulate(recording.duration for recording in recordings))
    place = {r.name: (end - r.duration, end) for r, end in zip(recordings, ends, strict=True)}
    spans = {name: [place[recording.name] for recording in own] for name, own in heard.items()}
    rows = [(own.name, clock(own.speech), own.n_recordings) for own in speakers]
    return card(
        title,
        table(("speaker", "speech", "recordings"), rows),
        "<div>recordings in which they speak, by name</div>",
        timeline_picture(spans, ends[-1]),
    )
