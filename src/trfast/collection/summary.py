"""Summary: what a link of new local speakers reads of a large collection in place of all vectors.

It lies in tables that are made when it is first wanted, and again when it is no longer of the last
link: nothing else reads them, and they may be dropped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast.collection.kinds import senseless
from trfast.collection.store import Store
from trfast.linking import SpeakerMeans

_TABLES = (
    """
CREATE TABLE IF NOT EXISTS summary (  -- one row: of which link it is
    id INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    shift BLOB NOT NULL            -- taken off all vectors; little-endian float32
)""",
    """
CREATE TABLE IF NOT EXISTS summary_block (  -- some speakers
    id INTEGER PRIMARY KEY,
    speakers BLOB NOT NULL,        -- ids; little-endian int64
    means BLOB NOT NULL            -- a row each; little-endian float16
)""",
)
# Speakers of a block.
_BLOCK = 256


def read(store: Store) -> SpeakerMeans | None:
    """Return the summary of the last link; None if there is none."""
    db = store.db
    with db.reading():
        if not db.rows("SELECT 1 FROM sqlite_master WHERE name = 'summary'"):
            return None
        found = db.rows("SELECT shift FROM summary, state WHERE summary.generation = state.linked")
        if not found:
            return None
        blocks = db.rows("SELECT speakers, means FROM summary_block ORDER BY id")
    shift = np.frombuffer(found[0][0], "<f4").astype(np.float32)
    try:
        numbers = np.frombuffer(b"".join(speakers for speakers, _ in blocks), "<i8")
        means = np.frombuffer(bytearray().join(means for _, means in blocks), "<f2")
        return SpeakerMeans(
            numbers.astype(np.int64), means.reshape(len(numbers), len(shift)), shift
        )
    except (TypeError, ValueError) as error:
        what = "the summary does not fit; no other table needs it: drop summary and summary_block"
        raise senseless(store.path, what) from error


def write(store: Store, means: SpeakerMeans, generation: int) -> None:
    """Write the summary of a link."""
    with store.db.writing():
        for sql in _TABLES:
            store.db.rows(sql)
        for table in ("summary", "summary_block"):
            store.db.rows(f"DELETE FROM {table}")
        store.db.insert(
            "summary", id=0, generation=generation, shift=means.shift.astype("<f4").tobytes()
        )
        _write_blocks(store, means, np.arange(0, len(means.numbers), _BLOCK) // _BLOCK)


def update(
    store: Store, means: SpeakerMeans, places: npt.NDArray[np.int64], generation: int
) -> None:
    """Write what a link of new local speakers changed."""
    with store.db.writing():
        _write_blocks(store, means, np.unique(places // _BLOCK))
        store.db.rows("UPDATE summary SET generation = ?", generation)


def _write_blocks(store: Store, means: SpeakerMeans, blocks: npt.NDArray[np.int64]) -> None:
    store.db.many(
        "INSERT OR REPLACE INTO summary_block VALUES (?, ?, ?)",
        (
            (
                block,
                means.numbers[block * _BLOCK :][:_BLOCK].astype("<i8").tobytes(),
                means.means[block * _BLOCK :][:_BLOCK].astype("<f2").tobytes(),
            )
            for block in blocks.tolist()
        ),
    )
