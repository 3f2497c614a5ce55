"""Collection: the on-disk home of many diarizations, and of the speakers they share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from types import TracebackType
from typing import Protocol

from trfast.annotation import Annotation, Timeline
from trfast.audio import Source, Waveform
from trfast.audio.files import name_recordings
from trfast.collection.records import Failure, Link, Origin, Recording, Speaker
from trfast.collection.store import Store
from trfast.comparison import Comparison
from trfast.diarization import Diarization, Diarizer
from trfast.errors import CollectionError, ParameterError
from trfast.execution import Outcome
from trfast.execution.recordings import DiarizesOne, diarize_all
from trfast.formats.rttm import write_rttm
from trfast.linking import link_centred
from trfast.model import load_model

__all__ = ["Collection", "Failure", "Link", "Recording", "Speaker"]

Path = str | os.PathLike[str]


class Compares(Protocol):
    """What link() needs of a model."""

    @property
    def content_hash(self) -> str: ...
    def across(self) -> Comparison: ...


class Collection:
    """Diarizations in one SQLite file, and the speakers they share.

    Each recording is written in one transaction: a run that was killed goes on where it
    stopped. A context manager.

    Parameters
    ----------
    path : path
        An existing collection, or a new file. ``":memory:"`` keeps nothing.

    Raises
    ------
    CollectionError
        If the file is no collection, is of an unknown version, or cannot be written; so may
        all methods if the file is damaged or the disk full.

    Examples
    --------
    The whole way, from a folder to RTTM:

    >>> with Collection("shows.sqlite") as collection:  # doctest: +SKIP
    ...     collection.add_all(find_audio(["shows/"]))
    ...     collection.link()
    ...     collection.to_rttm("shows.rttm")

    Diarizations made elsewhere:

    >>> import numpy as np
    >>> collection = Collection(":memory:")
    >>> monday = Diarization(
    ...     annotation=Annotation("monday", [(0.0, 2.0, "S1"), (2.0, 3.5, "S2")]),
    ...     speakers=("S1", "S2"),
    ...     vectors=np.eye(2, dtype=np.float32),
    ...     speech_durations=np.array([2.0, 1.5]),
    ...     duration=4.0,
    ...     model_hash="mine",
    ... )
    >>> _ = collection.add(monday)
    >>> collection.diarization("monday").annotation
    <Annotation of 'monday': 2 turns, 2 speakers>
    """

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._default: DiarizesOne | None = None

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def add(
        self,
        item: Diarization | Source,
        *,
        diarizer: DiarizesOne | None = None,
        recording: str | None = None,
        speech: Timeline | None = None,
        channel: int | None = None,
        source: Path | None = None,
    ) -> Diarization:
        """Keep a diarization, or diarize a recording and keep the result.

        Parameters
        ----------
        item : Diarization, path or Waveform
            A recording that is already here, unchanged and with the same options, is not
            diarized again.
        diarizer : Diarizer, optional
            For audio; default: a `Diarizer` with the default model.
        recording : str, optional
            Name of audio; default: after the file (see `name_recordings`). Samples need one.
        speech : Timeline, optional
            For audio: speech marks from outside.
        channel : int, optional
            For audio: the channel to take; default: the mean of all.
        source : path, optional
            For a diarization: the file that it was made from.

        Returns
        -------
        Diarization

        Raises
        ------
        CollectionError
            If the collection has another diarization of that name: `remove` it first.
        TrfastError
            If the recording cannot be diarized; nothing is kept.
        """
        if isinstance(item, Diarization):
            if self._store.holds(item.recording):
                raise CollectionError(
                    f"{self._store.path} has a recording {item.recording!r} already; remove() it"
                    " first, or give this one another name"
                )
            self._store.keep(item, Origin.of(source), None)
            return item
        if recording is not None:
            sources: dict[str, Source] = {recording: item}
        elif isinstance(item, Waveform):
            raise ParameterError("samples in memory need a name: give recording=")
        else:
            sources = self.name_sources([item])
        (name,) = sources
        marks = None if speech is None else {name: speech}
        diarizer = self._diarizer(diarizer)
        if self.pending(sources, diarizer=diarizer, speech=marks, channel=channel):
            origin = Origin.of(item)
            found = diarizer(item, recording=name, speech=speech, channel=channel)
            self._store.keep(found, origin, _made_by(diarizer, speech, channel))
        return self.diarization(name)

    def add_all(
        self,
        sources: Iterable[Path] | Mapping[str, Source],
        *,
        diarizer: DiarizesOne | None = None,
        speech: Mapping[str, Timeline] | None = None,
        channel: int | None = None,
        executor: Executor | None = None,
        jobs: int | None = None,
        progress: Callable[[Outcome[str, Diarization]], None] | None = None,
    ) -> list[Failure]:
        """Diarize recordings side by side, and keep each as it finishes.

        Recordings that are here already, unchanged and with the same options, are passed over:
        after a crash or Ctrl+C, the same call goes on where it stopped.

        Parameters
        ----------
        sources : iterable of path, or mapping of str to Source
            Files, named by `name_sources`; or files and samples by name.
        diarizer : Diarizer, optional
            Default: a `Diarizer` with the default model.
        speech : mapping of str to Timeline, optional
            Speech marks from outside, by name; a recording without any fails.
        channel : int, optional
            Channel to take; default: the mean of all.
        executor, jobs
            As in `map_recordings`.
        progress : callable, optional
            Called with the `Outcome` of each recording, once it is kept.

        Returns
        -------
        list of Failure
            What failed in this call, by name; the others are kept all the same. What the
            collection had of a recording before it failed stays there.
        """
        if not isinstance(sources, Mapping):
            sources = self.name_sources(sources)
        diarizer = self._diarizer(diarizer)
        todo = self.pending(sources, diarizer=diarizer, speech=speech, channel=channel)
        # Taken before the work starts: a file that changes meanwhile will be seen to have changed.
        origins = {name: Origin.of(source) for name, source in todo.items()}
        failures = []
        for outcome in diarize_all(
            diarizer, todo, speech=speech, channel=channel, executor=executor, jobs=jobs
        ):
            name = outcome.item
            if outcome.result is not None:
                marks = None if speech is None else speech[name]
                self._store.keep(outcome.result, origins[name], _made_by(diarizer, marks, channel))
            elif outcome.error is not None:
                failures.append(self._store.fail(name, outcome.error, origins[name]))
            if progress is not None:
                progress(outcome)
        return sorted(failures, key=lambda failure: failure.recording)

    def add_failure(self, recording: str, error: Exception, *, source: Path | None = None) -> None:
        """Keep the error that stopped a recording, unless it is here already, diarized."""
        self._store.fail(recording, error, Origin.of(source))

    def remove(self, recording: str) -> None:
        """Forget a recording, diarized or failed."""
        with self._store.transaction():
            self._store.rows("DELETE FROM recording WHERE name = ?", recording)

    def name_sources(self, paths: Iterable[Path]) -> dict[str, Source]:
        """Name files as `name_recordings` does; files known here keep their names."""
        known = dict(self._store.rows("SELECT name, source FROM recording"))
        return dict(name_recordings(paths, known))

    def pending(
        self,
        sources: Mapping[str, Source],
        *,
        diarizer: DiarizesOne,
        speech: Mapping[str, Timeline] | None = None,
        channel: int | None = None,
    ) -> dict[str, Source]:
        """Return the sources that are not here yet, failed, changed, or had other options."""
        held = {
            name: row
            for name, *row in self._store.rows(
                "SELECT name, size, stamp, made_by FROM recording WHERE error IS NULL"
            )
        }

        def current(name: str, source: Source) -> bool:
            if name not in held or (speech is not None and name not in speech):
                return False
            origin = Origin.of(source)
            marks = None if speech is None else speech[name]
            made_by = _made_by(diarizer, marks, channel)
            return bool(held[name] == [origin.size, origin.stamp, made_by])

        return {name: source for name, source in sources.items() if not current(name, source)}

    def check_model(self, model: Compares, sources: Iterable[str]) -> None:
        """Check, before any work, that what is here can be linked with new recordings.

        Parameters
        ----------
        model : ModelBundle
            The model that is going to diarize.
        sources : iterable of str
            Names of the recordings it is going to diarize, again or for the first time.

        Raises
        ------
        CollectionError
            If any other recording was made by another model.
        """
        given = set(sources)
        others = [
            row
            for row in self._store.rows(
                "SELECT DISTINCT recording.name, model FROM recording"
                " JOIN speaker ON speaker.recording = recording.id"
                " WHERE model != ? ORDER BY recording.name",
                model.content_hash,
            )
            if row[0] not in given
        ]
        if others:
            name, made_by = others[0]
            raise CollectionError(
                f"{self._store.path} holds {len(others)} other recordings (such as {name}) made by"
                f" another model ({made_by[:12]}, not {model.content_hash[:12]}), and voices cannot"
                " be compared across models. Give another output folder, or run all recordings"
                " again with this model."
            )

    def recordings(self) -> list[Recording]:
        """Return the diarized recordings, by name."""
        return [
            Recording(*row)
            for row in self._store.rows(
                "SELECT recording.name, source, duration, COUNT(speaker.id),"
                " TOTAL(speech), model FROM recording LEFT JOIN speaker"
                " ON speaker.recording = recording.id WHERE error IS NULL"
                " GROUP BY recording.id ORDER BY recording.name"
            )
        ]

    def failures(self) -> list[Failure]:
        """Return the recordings that could not be diarized, by name."""
        return [
            Failure(*row)
            for row in self._store.rows(
                "SELECT name, source, error, details FROM recording"
                " WHERE error IS NOT NULL ORDER BY name"
            )
        ]

    def diarization(self, recording: str) -> Diarization:
        """Return one recording as it was diarized, with local names.

        Raises
        ------
        CollectionError
            If there is no such recording, or it failed.
        """
        return self._store.diarization(recording)

    def link(
        self,
        model: Compares | None = None,
        *,
        comparison: Comparison | None = None,
        min_anchor_speech: float = 0.0,
        constrain: bool = True,
    ) -> None:
        """Find which local speakers of all recordings are the same person, and name them.

        Names are ``speaker-0001`` and so on, by recording name and first appearance; they do
        not depend on the order in which recordings were added. A new link replaces the last.

        Parameters
        ----------
        model : ModelBundle, optional
            The model that made the recordings; default: the default model.
        comparison : Comparison, optional
            What compares two local speakers, and when they are linked, whatever diarized them;
            default: ``model.across()``.
        min_anchor_speech, constrain
            As in `trfast.linking.link_centred`, which links.

        Raises
        ------
        CollectionError
            If the recordings were made by another model, or by several.
        """
        made = self._store.rows(
            "SELECT model, COUNT(DISTINCT recording.id), MIN(recording.name) FROM recording"
            " JOIN speaker ON speaker.recording = recording.id GROUP BY model ORDER BY 2 DESC"
        )
        if len(made) > 1:
            raise CollectionError(
                f"{self._store.path} holds recordings of {len(made)} models, and their vectors"
                " cannot be compared: "
                + "; ".join(f"{n} of model {model[:12]} (as {name})" for model, n, name in made)
                + ". Diarize all with one model, or remove() those of the others."
            )
        if not made:
            return
        if model is None:
            model = load_model()
        if model.content_hash != made[0][0]:
            raise CollectionError(
                f"the recordings of {self._store.path} were made by model {made[0][0][:12]}, not by"
                f" this one ({model.content_hash[:12]}). Link with the model that made them."
            )
        ids, recordings, speech, vectors = self._store.local_speakers()
        links = link_centred(
            vectors,
            recordings,
            comparison or model.across(),
            speech_durations=speech,
            min_anchor_speech=min_anchor_speech,
            constrain=constrain,
        )
        self._store.name_speakers(ids, links)

    def links(self) -> Iterator[Link]:
        """Yield why each local speaker has its name, by recording name and appearance."""
        self._need_link()
        for recording, local, name, similarity, *nearest in self._store.each(
            "SELECT recording.name, speaker.local, speaker.name, speaker.similarity,"
            " there.name, other.local FROM speaker"
            " JOIN recording ON recording.id = speaker.recording"
            " LEFT JOIN speaker AS other ON other.id = speaker.nearest"
            " LEFT JOIN recording AS there ON there.id = other.recording"
            " ORDER BY recording.name, speaker.id"
        ):
            found = None if nearest[0] is None else (nearest[0], nearest[1])
            yield Link(recording, local, name, similarity, found)

    def speakers(self) -> list[Speaker]:
        """Return the speakers of the collection, by name.

        Raises
        ------
        CollectionError
            If recordings were added since the last `link`; so `links`, `annotations`, `to_rttm`.
        """
        self._need_link()
        return [
            Speaker(*row)
            for row in self._store.rows(
                "SELECT name, COUNT(DISTINCT recording), SUM(speech) FROM speaker"
                " GROUP BY name ORDER BY name"
            )
        ]

    def annotations(self) -> Iterator[Annotation]:
        """Yield who speaks when in each recording, with the names of the collection."""
        self._need_link()
        for recording in self.recordings():
            yield self._store.annotation(recording.name, "name")

    def to_rttm(self, path: Path) -> None:
        """Write who speaks when in all recordings, with the names of the collection."""
        write_rttm(self.annotations(), path)

    def _need_link(self) -> None:
        ((n,),) = self._store.rows(
            "SELECT COUNT(DISTINCT recording) FROM speaker WHERE name IS NULL"
        )
        if n:
            raise CollectionError(
                f"{n} recordings of {self._store.path} are not linked yet: call link() first"
            )

    def _diarizer(self, diarizer: DiarizesOne | None) -> DiarizesOne:
        if diarizer is not None:
            return diarizer
        if self._default is None:
            self._default = Diarizer()
        return self._default


def _made_by(diarizer: DiarizesOne, speech: Timeline | None, channel: int | None) -> str:
    options = (
        diarizer.fingerprint,
        channel,
        None if speech is None else (speech.starts.tolist(), speech.ends.tolist()),
    )
    return hashlib.sha256(repr(options).encode()).hexdigest()
