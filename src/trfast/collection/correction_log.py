"""The log of corrections: who put what right, when and why, and what taking it back restores."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Any, Literal

from trfast.collection.connection import Connection
from trfast.collection.kinds import parsed, senseless
from trfast.errors import CollectionError

Kind = Literal["rename", "merge", "split", "confirm", "reject", "enrol", "distinguish", "forget"]
# What these deleted is gone: nothing takes them back.
_FOR_GOOD: tuple[Kind, ...] = ("forget",)


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody put right: in words, by whom, when (UTC, ISO 8601), why, and whether undone."""

    id: int
    kind: str
    what: str
    who: str
    made: str
    why: str
    undone: str | None


def corrections_of(db: Connection) -> list[Correction]:
    """Return all corrections, as `Corrections.log` does."""
    return [
        Correction(*row)
        for row in db.rows(
            "SELECT id, kind, what, who, made, why, undone FROM correction ORDER BY id"
        )
    ]


def note(
    db: Connection,
    kind: Kind,
    what: str,
    who: str | None,
    why: str,
    *,
    names: dict[int, str | None] | None = None,
    moved: Sequence[int] = (),
    voices: Sequence[int] = (),
) -> int:
    """Write a correction, and what undoing it puts back; return its id."""
    speaker = "SELECT speaker AS speaker_id FROM"
    speakers = {row: db.row(f"{speaker} local_speaker WHERE id = ?", row)[0] for row in moved}
    of_voices = {voice: db.row(f"{speaker} voice WHERE id = ?", voice)[0] for voice in voices}
    before = {"names": names or {}, "speakers": speakers, "voices": of_voices}
    return db.insert(
        "correction",
        kind=kind,
        what=what,
        who=_user() if who is None else who,
        made=now(),
        why=why,
        before=json.dumps(before),
    )


def take_back(db: Connection) -> Correction:
    """Undo the last correction that holds and can be undone."""
    held = [one for one in corrections_of(db) if one.undone is None and one.kind not in _FOR_GOOD]
    if not held:
        raise CollectionError(f"{db.path} has no correction to undo")
    last = held[-1]
    (text,) = db.row("SELECT before FROM correction WHERE id = ?", last.id)
    before = _before(db.path, text)
    for number, name in before["names"].items():
        db.rows("UPDATE speaker SET name = ? WHERE id = ?", name, number)
    for voice, number in before["voices"].items():
        db.rows("UPDATE voice SET speaker = ? WHERE id = ?", number, voice)
    for local, number in before["speakers"].items():
        db.rows("UPDATE local_speaker SET speaker = ? WHERE id = ?", number, local)
    db.rows("UPDATE correction SET undone = ? WHERE id = ?", now(), last.id)
    db.rows("DELETE FROM voice WHERE correction = ?", last.id)
    return last


def _before(path: str, text: str) -> dict[str, dict[int, Any]]:
    """What undoing a correction puts back: by id, names, and ids of speakers."""
    before = parsed(path, text, dict, "before")
    kinds = {"names": (str, NoneType), "speakers": (int, NoneType), "voices": (int,)}
    try:
        found = {
            part: {int(number): value for number, value in before.get(part, {}).items()}
            for part in kinds
        }
    except (AttributeError, ValueError):
        found = {}
    if not found or any(
        not isinstance(value, kinds[part]) for part in kinds for value in found[part].values()
    ):
        raise senseless(path, f"before is {text!r:.80}, expected what undoing puts back")
    return found


def now() -> str:
    """Return the time as the log has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a user without a name, as in some containers
        return ""
