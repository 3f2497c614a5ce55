"""Contents: what a collection tells of its recordings, speakers and links."""

from __future__ import annotations

import os
from collections.abc import Iterator

from trfast.annotation import Annotation, Timeline
from trfast.collection.linker import comparison_of_last_link, doubts_of, linked_by
from trfast.collection.models import Compares, only_model
from trfast.collection.pictures import said, shown
from trfast.collection.records import (
    DoubtfulLink,
    Failure,
    Link,
    LinkedBy,
    Recording,
    Speaker,
    Voice,
)
from trfast.collection.store import Store
from trfast.collection.voices import voices_of
from trfast.comparison import Comparison
from trfast.diarization import Diarization
from trfast.errors import CollectionError
from trfast.formats.rttm import write_rttm

Path = str | os.PathLike[str]


class Contents:
    """What `Collection` tells, and changes nothing."""

    _store: Store

    def __repr__(self) -> str:
        return said(self._store)

    def _repr_html_(self) -> str:
        return shown(self._store)

    def recordings(self) -> list[Recording]:
        """Return the diarized recordings, by name."""
        return self._store.recordings()

    def recording(self, name: str) -> Recording:
        """Return one diarized recording.

        Raises
        ------
        CollectionError
            If there is no such recording, or it failed.
        """
        return self._store.recording(name)

    def failures(self) -> list[Failure]:
        """Return the recordings that could not be diarized, by name."""
        return self._store.failures()

    def diarization(self, recording: str) -> Diarization:
        """Return one recording as it was diarized, with local names.

        Raises
        ------
        CollectionError
            If there is no such recording, or it failed.
        """
        return self._store.diarization(recording)

    def annotation(self, recording: str) -> Annotation:
        """Return who speaks when in one recording, with the names of the collection.

        Raises
        ------
        CollectionError
            As `diarization` and `speakers` raise it.
        """
        return self._store.annotation(recording)

    def turns_of(self, speaker: str) -> dict[str, Timeline]:
        """Return when a speaker speaks, by recording.

        Raises
        ------
        CollectionError
            If there is no such speaker, or as `speakers` raises it.
        """
        return self._store.turns_of(speaker)

    def recordings_of(self, speaker: str) -> list[Recording]:
        """Return the recordings in which a speaker speaks, by name.

        Raises
        ------
        CollectionError
            If there is no such speaker, or as `speakers` raises it.
        """
        return self._store.recordings_of(speaker)

    @property
    def is_linked(self) -> bool:
        """Whether nothing has come or gone since the last `link` that is to be linked anew."""
        return self._store.is_linked()

    @property
    def linked_by(self) -> LinkedBy | None:
        """What the last `link` compared local speakers by; ``None`` before the first."""
        return linked_by(self._store)

    def voices(self) -> list[Voice]:
        """Return the voices that are enrolled, in the order in which they were."""
        return voices_of(self._store)

    def doubts(
        self,
        model: Compares | None = None,
        *,
        comparison: Comparison | None = None,
        most: int = 20,
    ) -> list[DoubtfulLink]:
        """Return the links, and the pairs left apart, that lie nearest to the threshold.

        Parameters
        ----------
        model : ModelBundle, optional
            The model that made the recordings; default: the default model.
        comparison : Comparison, optional
            Default: what linked them last.
        most : int
            How many, at most.

        Returns
        -------
        list of DoubtfulLink
            Those with most speech first; not those that `corrections` have settled.

        Raises
        ------
        CollectionError
            If the collection is not linked, or `link` with that model would raise it.
        """
        made = self._store.models()
        if not made:
            return []
        if comparison is None or model is not None:
            made_by = only_model(self._store, made, model)
            comparison = comparison or comparison_of_last_link(self._store, made_by)
        return doubts_of(self._store, comparison, most)

    def last_comparison(self, model: Compares | None = None) -> Comparison:
        """Return what linked last, if `model` did; else what it would link by.

        Parameters
        ----------
        model : ModelBundle, optional
            The model that made the recordings; default: the default model.

        Raises
        ------
        CollectionError
            If there are no recordings, or as `link` with that model.
        """
        made = self._store.models()
        if not made:
            raise CollectionError(
                f"{self._store.path} holds no recording to compare: add some first"
            )
        return comparison_of_last_link(self._store, only_model(self._store, made, model))

    def links(self, *, speaker: str | None = None, recording: str | None = None) -> Iterator[Link]:
        """Yield why each local speaker has its name, by recording name and appearance.

        Parameters
        ----------
        speaker, recording : str, optional
            Those of one speaker, or in one recording; default: all.
        """
        yield from self._store.links(speaker, recording)

    def speakers(self) -> list[Speaker]:
        """Return the speakers of the collection, by name.

        Raises
        ------
        CollectionError
            If recordings were added, replaced or removed since the last `link`; so `links`,
            `annotations`, `to_rttm`.
        """
        return self._store.speakers()

    def annotations(self) -> Iterator[Annotation]:
        """Yield who speaks when in each recording, with the names of the collection."""
        yield from self._store.annotations()

    def to_rttm(self, path: Path) -> None:
        """Write who speaks when in all recordings, with the names of the collection."""
        write_rttm(self.annotations(), path)
