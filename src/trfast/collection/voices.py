"""The voices that are enrolled in a collection's file."""

from __future__ import annotations

import numpy as np

from trfast.collection.kinds import senseless
from trfast.collection.records import Voice
from trfast.collection.store import Store
from trfast.errors import CollectionError
from trfast.linking import Voices


def voices_of(store: Store) -> list[Voice]:
    """Return the voices that are enrolled, in the order in which they were."""
    return [
        Voice(*row)
        for row in store.db.rows("SELECT speaker, source, speech, model, made FROM voices")
    ]


def known_voices(store: Store, model_hash: str, margin: float | None) -> Voices | None:
    """Return the voices that are enrolled, to be compared by a model; None if there are none.

    Raises
    ------
    CollectionError
        If another model made some of them.
    """
    rows = store.db.rows(
        "SELECT speaker AS speaker_id, vector, source, model FROM voice"
        " JOIN correction ON correction.id = voice.correction WHERE undone IS NULL"
        " ORDER BY voice.id"
    )
    others = [source for _, _, source, model in rows if model != model_hash]
    if others:
        raise CollectionError(
            f"{store.path} has {len(others)} voices, such as {others[0]}, that another model made"
            f" than its recordings ({model_hash:.12}), and they cannot be compared: undo what"
            " enrolled them, and enrol them with that model"
        )
    if not rows:
        return None
    if len({len(vector) for _, vector, _, _ in rows}) > 1 or None in [row[0] for row in rows]:
        raise senseless(store.path, "voices are not all of a speaker, with vectors equally long")
    vectors = np.stack([np.frombuffer(vector, "<f4") for _, vector, _, _ in rows])
    return Voices(vectors, [speaker for speaker, *_ in rows], margin)
