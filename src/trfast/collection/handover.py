"""Handover: what local speakers of a recording have, when it is done again."""

from __future__ import annotations

from trfast.collection.connection import Connection
from trfast.collection.identity import same_voices


class Handover:
    """Speakers, and what corrections say, of the local speakers that a recording has: for those
    that it has afterwards. Both inside one transaction.
    """

    def __init__(self, db: Connection, recording: str) -> None:
        self._db, self._recording = db, recording
        self._old = self._voices()
        self._known = {
            number: (
                db.row("SELECT speaker AS speaker_id FROM local_speaker WHERE id = ?", number)[0],
                db.rows(
                    "SELECT correction AS id, speaker AS speaker_id, same FROM known"
                    " WHERE local = ? ORDER BY known.id",
                    number,
                ),
            )
            for number in self._old
        }

    def give(self) -> None:
        """Give those who are there now what those had with whom they share most time."""
        if not self._old:
            return
        for local, before in same_voices(self._old, self._voices()).items():
            speaker, rows = self._known[before]
            self._db.rows("UPDATE local_speaker SET speaker = ? WHERE id = ?", speaker, local)
            self._db.many(
                "INSERT INTO known (local, correction, speaker, same) VALUES (?, ?, ?, ?)",
                ((local, *row) for row in rows),
            )

    def _voices(self) -> dict[int, list[tuple[float, float]]]:
        """Turns of the local speakers, by id."""
        voices: dict[int, list[tuple[float, float]]] = {}
        for number, start, end in self._db.rows(
            "SELECT local_speaker.id, start, end FROM local_speaker"
            " JOIN recording ON recording.id = local_speaker.recording"
            " JOIN turn ON turn.speaker = local_speaker.id WHERE recording.name = ?",
            self._recording,
        ):
            voices.setdefault(number, []).append((start, end))
        return voices
