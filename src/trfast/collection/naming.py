"""What a link writes into the file of a collection: who local speakers are, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trfast.collection.connection import Connection
from trfast.collection.identity import ids_of_labels
from trfast.collection.local_speakers import LocalSpeakers
from trfast.linking import Identified, Links


def name_speakers(db: Connection, local: LocalSpeakers, links: Links, how: str) -> bool:
    """Write the speaker of each local speaker, why, and what compared them; or nothing, and
    return False, if others came or went since `local` was read."""
    seconds = np.array(local.speech, np.float64)
    known = local.known
    if links.identified is not None:
        known = links.identified.added_to(known)
    by_voice = _scores(links.identified, len(local.ids))
    numbers = ids_of_labels(links.labels, local.before, seconds, known.speakers)
    reasons = zip(
        *_reason(links.nearest, links.similarities, local.ids),
        *_reason(links.runners_up, links.runner_up_similarities, local.ids),
        strict=True,
    )
    with db.writing():
        (generation,) = db.row("SELECT generation FROM state")
        if generation != local.generation:
            return False
        for label in np.flatnonzero(numbers == 0).tolist():
            numbers[label] = db.insert("speaker")
        db.many(
            "UPDATE local_speaker SET speaker = ?, nearest = ?, similarity = ?,"
            " runner_up = ?, runner_up_similarity = ?, enrolled_similarity = ? WHERE id = ?",
            (
                (speaker, *reason, score, number)
                for speaker, reason, score, number in zip(
                    numbers[links.labels].tolist(), reasons, by_voice, local.ids, strict=True
                )
            ),
        )
        # What is kept of the last link, such as a summary, is not of this one.
        db.rows("UPDATE state SET generation = generation + 1, how = ?", how)
        db.rows("UPDATE state SET linked = generation")
    return True


def name_new_speakers(
    db: Connection,
    local: LocalSpeakers,
    numbers: npt.NDArray[np.int64],
    identified: Identified | None,
) -> npt.NDArray[np.int64] | None:
    """Write the speakers of the local speakers that have none, as `name_speakers` does; numbers
    that nobody had, and no voice has, are new speakers. Reasons are left to the next link of
    all, but for voices. Return the ids of all, or None if others came or went."""
    found = local.before.copy()
    ids: dict[int, int] = {}
    with db.writing():
        (generation,) = db.row("SELECT generation FROM state")
        if generation != local.generation:
            return None
        by_voice = _scores(identified, len(found))
        there = {*found[found > 0].tolist()}
        if identified is not None:
            there.update(identified.speakers.tolist())
        for row in np.flatnonzero(found == 0).tolist():
            number = int(numbers[row])
            if number not in there and number not in ids:
                ids[number] = db.insert("speaker")
            found[row] = ids.get(number, number)
            db.rows(
                "UPDATE local_speaker SET speaker = ?, enrolled_similarity = ? WHERE id = ?",
                int(found[row]),
                by_voice[row],
                local.ids[row],
            )
        db.rows("UPDATE state SET linked = generation")
    return found


def _reason(
    rows: npt.NDArray[np.int64], similarities: npt.NDArray[np.float32], ids: Sequence[int]
) -> tuple[list[int | None], list[float | None]]:
    """Ids of rows, and similarities to them; None where there is none."""
    there = rows.tolist()
    return (
        [ids[row] if row >= 0 else None for row in there],
        [
            value if row >= 0 else None
            for row, value in zip(there, similarities.tolist(), strict=True)
        ],
    )


def _scores(identified: Identified | None, n: int) -> list[float | None]:
    """Scores of those, of `n`, who were taken for somebody; None for the others."""
    if identified is None:
        return [None] * n
    return [
        score if speaker >= 0 else None
        for score, speaker in zip(
            identified.scores.tolist(), identified.speakers.tolist(), strict=True
        )
    ]
