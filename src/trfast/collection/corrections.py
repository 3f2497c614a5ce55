"""Corrections: what somebody puts right in a collection, and every later link keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from trfast.audio import check_name
from trfast.collection.correction_log import Correction, corrections_of, note, now, take_back
from trfast.collection.intake import checked_voice
from trfast.collection.models import check_model
from trfast.collection.store import NAME_OF, Store
from trfast.diarization import Diarization
from trfast.errors import CollectionError

_NUMBERED = re.compile(r"speaker-(\d{4,})")


class Corrections:
    """Corrections of one collection; `Collection.corrections` has them.

    Each changes names at once, is kept with who made it, when and why, and holds in every later
    `Collection.link`, until `undo` takes it back: what `merge`, `split` and `reject` leave of a
    speaker holds together as it stands. Speakers are named as in the outputs; local speakers by
    recording and local name.

    All methods raise CollectionError if the collection is not linked, or there is no such speaker,
    recording or local speaker.

    Examples
    --------
    >>> from trfast.collection import Collection
    >>> with Collection("shows.sqlite") as collection:  # doctest: +SKIP
    ...     collection.corrections.rename("speaker-0007", "Ann")
    ...     collection.corrections.merge("Ann", "speaker-0012", why="the same voice on tape 3")
    ...     collection.link()
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.db

    def rename(self, speaker: str, name: str, *, who: str | None = None, why: str = "") -> None:
        """Give a speaker a name, which nobody else has or will be given."""
        check_name(name, "speaker")
        with self._writing():
            number = self._store.speaker(speaker)
            taken = _NUMBERED.fullmatch(name)
            if taken and int(taken[1]) != number:
                raise CollectionError(f"{name} is the name of another speaker, or may become so")
            if self._db.rows("SELECT 1 FROM speaker WHERE name = ? AND id != ?", name, number):
                raise CollectionError(
                    f"there is a speaker {name!r} already: give another name, or merge the two"
                )
            (before,) = self._db.row("SELECT name AS given FROM speaker WHERE id = ?", number)
            note(
                self._db, "rename", f"{speaker} is called {name}", who, why, names={number: before}
            )
            self._db.rows(
                "UPDATE speaker SET name = ? WHERE id = ?", None if taken else name, number
            )

    def merge(self, speaker: str, *others: str, who: str | None = None, why: str = "") -> None:
        """Say that others are this speaker, who keeps the name."""
        with self._writing():
            number = self._store.speaker(speaker)
            gone = [self._store.speaker(other) for other in others]
            if not gone or number in gone:
                raise CollectionError(f"{speaker} is to be merged with at least one other speaker")
            moved = [local for other in gone for local in self._locals(other)]
            against = self._told_apart({*self._locals(number), *moved})
            correction = note(
                self._db,
                "merge",
                f"{', '.join(others)} is {speaker}" + f", against {against}" * bool(against),
                who,
                why,
                moved=moved,
                voices=[voice for other in gone for voice in self._voices(other)],
            )
            for other in gone:
                refused = set(self._refused(other)) - set(moved)
                self._say(correction, sorted(refused), number, same=False)
            self._say(correction, [*self._locals(number), *moved], number)
            self._move(moved, number)
            for other in gone:
                self._db.rows("UPDATE voice SET speaker = ? WHERE speaker = ?", number, other)

    def split(
        self, speaker: str, recordings: Iterable[str], *, who: str | None = None, why: str = ""
    ) -> str:
        """Say that a speaker is somebody else in some recordings; return the new one's name."""
        names = list(recordings)
        with self._writing():
            number = self._store.speaker(speaker)
            chosen = [local for name in names for local in self._in_recording(number, name)]
            others = [local for local in self._locals(number) if local not in chosen]
            if not chosen or not others:
                raise CollectionError(
                    f"{speaker} must be in some of the recordings to split off, and in others"
                )
            correction = note(
                self._db,
                "split",
                f"{speaker} in {', '.join(names)}: somebody else",
                who,
                why,
                moved=chosen,
            )
            new = self._db.insert("speaker")
            self._move(chosen, new)
            self._say(correction, chosen, new)
            self._say(correction, others, number)
            return self._name(new)

    def confirm(self, recording: str, local: str, *, who: str | None = None, why: str = "") -> None:
        """Say that a local speaker is who the link takes it for."""
        with self._writing():
            row, number = self._local(recording, local)
            what = f"{local} of {recording} is {self._name(number)}"
            correction = note(self._db, "confirm", what, who, why)
            self._say(correction, [row, self._most_speech(number)], number)

    def reject(self, recording: str, local: str, *, who: str | None = None, why: str = "") -> str:
        """Say that a local speaker is not who the link takes it for; return its name until the
        next link."""
        with self._writing():
            row, number = self._local(recording, local)
            others = [other for other in self._locals(number) if other != row]
            if not others:
                raise CollectionError(
                    f"{local} of {recording} is all there is of {self._name(number)}"
                )
            what = f"{local} of {recording} is not {self._name(number)}"
            correction = note(self._db, "reject", what, who, why, moved=[row])
            new = self._db.insert("speaker")
            self._move([row], new)
            self._say(correction, others, number)
            self._say(correction, [row], number, same=False)
            return self._name(new)

    def enrol(
        self, speaker: str, *voices: Diarization, who: str | None = None, why: str = ""
    ) -> None:
        """Say what a speaker sounds like, one who is here or somebody new; the next link takes
        local speakers for whom they sound like, as `trfast.linking.identify` does.

        Each voice is a diarization with one speaker, such as ``Diarizer(num_speakers=1)`` makes it.
        The collection need not be linked, nor hold a recording.
        """
        check_name(speaker, "speaker")
        vectors = [checked_voice(voice) for voice in voices]
        if not voices:
            raise CollectionError(f"enrolling {speaker} takes at least one voice, got none")
        for voice in voices:
            check_model(self._store, (), voice.model_hash)
        with self._writing(linked=False):
            found = self._db.rows(f"SELECT id FROM speaker WHERE {NAME_OF} = ?", speaker)
            if not found and _NUMBERED.fullmatch(speaker):
                raise CollectionError(f"there is no {speaker}; a new speaker needs another name")
            number = found[0][0] if found else self._db.insert("speaker", name=speaker)
            names = ", ".join(voice.recording for voice in voices)
            correction = note(
                self._db,
                "enrol",
                f"{speaker} sounds as in {names}",
                who,
                why,
                names={} if found else {number: None},
            )
            for voice, vector in zip(voices, vectors, strict=True):
                self._db.insert(
                    "voice",
                    correction=correction,
                    speaker=number,
                    source=voice.recording,
                    speech=float(voice.speech_durations[0]),
                    model=voice.model_hash,
                    vector=vector.astype("<f4").tobytes(),
                )

    def distinguish(
        self, speaker: str, other: str, *, who: str | None = None, why: str = ""
    ) -> None:
        """Say that two speakers are two persons."""
        with self._writing():
            numbers = self._store.speaker(speaker), self._store.speaker(other)
            if numbers[0] == numbers[1]:
                raise CollectionError(f"{speaker} is to be told from another speaker")
            correction = note(self._db, "distinguish", f"{speaker} is not {other}", who, why)
            for number in numbers:
                self._say(correction, [self._most_speech(number)], number)

    def forget_voices(self, speaker: str, *, who: str | None = None, why: str = "") -> int:
        """Delete the voices that a speaker is enrolled by, for good; return how many there were.

        The log says that it was done. The speaker keeps the name until a link finds otherwise.
        """
        with self._writing(linked=False):
            found = self._db.rows(f"SELECT id FROM speaker WHERE {NAME_OF} = ?", speaker)
            voices = self._voices(found[0][0]) if found else []
            if not voices:
                raise CollectionError(f"{self._store.path} has no voice of {speaker!r}")
            self._db.rows(
                "UPDATE correction SET undone = ? WHERE undone IS NULL"
                " AND id IN (SELECT correction FROM voice WHERE speaker = ?)",
                now(),
                found[0][0],
            )
            self._db.rows("DELETE FROM voice WHERE speaker = ?", found[0][0])
            note(self._db, "forget", f"what {speaker} sounds like is deleted", who, why)
        return len(voices)

    def undo(self) -> Correction:
        """Take back the last correction that holds; names are as before it, as far as they are
        still there. Voices that it enrolled are deleted."""
        with self._writing():
            return take_back(self._db)

    def log(self) -> list[Correction]:
        """Return all corrections, those that were undone too, in the order in which they were
        made."""
        return corrections_of(self._db)

    @contextmanager
    def _writing(self, *, linked: bool = True) -> Iterator[None]:
        """A link that is under way must see that names changed; a file that was linked stays so,
        as it must be if `linked`."""
        with self._db.writing():
            if linked:
                self._store.check_linked()
            yield
            # What was to be linked anew still is.
            self._db.rows(
                "UPDATE state SET generation = generation + 1,"
                " linked = CASE WHEN linked = generation THEN generation + 1 ELSE linked END"
            )

    def _name(self, number: int) -> str:
        (name,) = self._db.row(f"SELECT {NAME_OF} FROM speaker WHERE id = ?", number)
        return str(name)

    def _local(self, recording: str, local: str) -> tuple[int, int]:
        found = self._db.rows(
            "SELECT local_speaker.id, speaker AS speaker_id FROM local_speaker"
            " JOIN recording ON recording.id = recording WHERE recording.name = ? AND local = ?",
            recording,
            local,
        )
        if not found:
            raise CollectionError(
                f"{self._store.path} has no local speaker {local!r} in {recording!r}"
            )
        if found[0][1] is None:
            raise CollectionError(
                f"{local} of {recording} is not linked yet: link first (trfast link)"
            )
        return int(found[0][0]), int(found[0][1])

    def _in_recording(self, number: int, recording: str) -> list[int]:
        rows = self._db.rows(
            "SELECT local_speaker.id FROM local_speaker JOIN recording ON recording.id = recording"
            " WHERE speaker = ? AND recording.name = ?",
            number,
            recording,
        )
        if not rows:
            raise CollectionError(f"{self._name(number)} does not speak in {recording!r}")
        return [row[0] for row in rows]

    def _locals(self, number: int) -> list[int]:
        rows = self._db.rows("SELECT id FROM local_speaker WHERE speaker = ? ORDER BY id", number)
        return [row[0] for row in rows]

    def _refused(self, number: int) -> list[int]:
        """Local speakers that corrections say are not this speaker."""
        rows = self._db.rows(
            "SELECT DISTINCT local AS local_id FROM known"
            " JOIN correction ON correction.id = known.correction"
            " WHERE known.speaker = ? AND NOT same AND undone IS NULL ORDER BY local",
            number,
        )
        return [row[0] for row in rows]

    def _told_apart(self, locals_: set[int]) -> str:
        """Return which corrections say that some of these are two persons."""
        said: dict[str, set[int]] = {}
        for what, local in self._db.rows(
            "SELECT what, local AS local_id FROM known"
            " JOIN correction ON correction.id = known.correction"
            " WHERE kind = 'distinguish' AND undone IS NULL ORDER BY correction.id"
        ):
            said.setdefault(what, set()).add(local)
        return ", ".join(repr(what) for what, apart in said.items() if apart <= locals_)

    def _voices(self, number: int) -> list[int]:
        rows = self._db.rows("SELECT id FROM voice WHERE speaker = ? ORDER BY id", number)
        return [row[0] for row in rows]

    def _most_speech(self, number: int) -> int:
        """The local speaker that stands for a speaker."""
        (found,) = self._db.row(
            "SELECT id FROM local_speaker WHERE speaker = ? ORDER BY speech DESC, id LIMIT 1",
            number,
        )
        return int(found)

    def _move(self, rows: Sequence[int], number: int) -> None:
        self._db.many(
            "UPDATE local_speaker SET speaker = ? WHERE id = ?", ((number, row) for row in rows)
        )

    def _say(self, correction: int, rows: Iterable[int], number: int, *, same: bool = True) -> None:
        self._db.many(
            "INSERT INTO known (correction, local, speaker, same) VALUES (?, ?, ?, ?)",
            ((correction, row, number, int(same)) for row in dict.fromkeys(rows)),
        )
