"""Collection: the on-disk home of many diarizations, and of the speakers they share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor

from trfast._checks import check_listed, check_type
from trfast._log import log
from trfast._resources import enough_memory
from trfast.annotation import Timeline
from trfast.audio import check_name, is_url
from trfast.collection.adding import keep_diarizations, keep_planned
from trfast.collection.contents import Contents
from trfast.collection.correction_log import Correction
from trfast.collection.corrections import Corrections
from trfast.collection.intake import checked_result
from trfast.collection.linker import link_store
from trfast.collection.models import Compares, check_model, only_model
from trfast.collection.plan import make_plan
from trfast.collection.records import (
    DoubtfulLink,
    Failure,
    Link,
    Linked,
    Origin,
    Recording,
    Speaker,
    Voice,
)
from trfast.collection.store import Store
from trfast.collection.voices import hear_voice
from trfast.comparison import Comparison
from trfast.diarization import Diarization, Diarizer, Job, SpeakerCounts
from trfast.errors import CollectionError, ParameterError, ParameterTypeError
from trfast.execution import DiarizesOne, Progress
from trfast.execution.recordings import Channel
from trfast.linking import Adapted, adapt
from trfast.model import ModelBundle, load_model

__all__ = [
    "Collection",
    "Correction",
    "Corrections",
    "DoubtfulLink",
    "Failure",
    "Link",
    "Recording",
    "Speaker",
    "Voice",
]

Path = str | os.PathLike[str]


class Collection(Contents):
    """Diarizations in one SQLite file, and the speakers they share.

    Each recording is written in one transaction: a run that was killed goes on where it
    stopped. A context manager; threads may share one, and processes may have one file open.

    Parameters
    ----------
    path : path
        An existing collection, or a new file. ``":memory:"`` keeps nothing.
    read_only : bool
        Nothing is changed: what would change it raises CollectionError. The file may lie where
        nothing can be written.
    as_last_linked : bool
        Where recordings came or went since the last `link`, names are those of that link, without
        what came, instead of an error; such as for who looks on while others add.

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
    >>> from trfast import Annotation
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

    def __init__(
        self, path: Path, *, read_only: bool = False, as_last_linked: bool = False
    ) -> None:
        self._store = Store(path, read_only=read_only, as_last_linked=as_last_linked)
        self._default: DiarizesOne | None = None

    @property
    def corrections(self) -> Corrections:
        """What somebody puts right, and every later `link` keeps: names, merges, splits."""
        return Corrections(self._store)

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def add(
        self,
        item: Diarization | Job | Path,
        *,
        diarizer: DiarizesOne | None = None,
        source: Path | None = None,
    ) -> Diarization:
        """Keep a diarization, or diarize a recording and keep the result.

        Parameters
        ----------
        item : Diarization, Job or path
            A recording that is already here, unchanged and with the same options, is not
            diarized again. A file alone is named as by `name_recordings`.
        diarizer : Diarizer, optional
            For audio; default: a `Diarizer` with the default model.
        source : path, optional
            For a diarization: the file that it was made from.

        Returns
        -------
        Diarization

        Raises
        ------
        CollectionError
            If the collection has another diarization of that name: `remove` it first. If the parts
            of a diarization do not agree, or its times cannot be.
        ParameterError
            If a name cannot be written.
        TrfastError
            If the recording cannot be diarized; nothing is kept.
        """
        self._store.db.check_writable()
        if isinstance(item, Diarization):
            self._store.keep(item, Origin.of(source), None, replace=False)
            log.info("kept %r", item)
            return item
        if source is not None:
            raise ParameterError("source= tells where a Diarization is from; a Job has its own")
        diarizer = self._diarizer(diarizer)
        plan = make_plan(self._store, [item], diarizer)
        for planned in plan.todo.values():
            found = checked_result(planned.job, diarizer(planned.job))
            self._store.keep(found, planned.origin, planned.made_by, replace=True)
            log.info("kept %r", found)
        return self.diarization(*plan.given)

    def add_all(
        self,
        items: Iterable[Job | Path],
        *,
        diarizer: DiarizesOne | None = None,
        speech: Mapping[str, Timeline] | None = None,
        channel: Channel = None,
        track: int = 0,
        speaker_counts: SpeakerCounts | None = None,
        executor: Executor | None = None,
        jobs: int | None = None,
        planned: Callable[[Sequence[Job]], None] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Failure]:
        """Diarize recordings side by side, and keep each as it finishes.

        Recordings that are here already, unchanged and with the same options, are passed over:
        after a crash or Ctrl+C, the same call goes on where it stopped.

        Parameters
        ----------
        items : iterable of path or Job
            Files alone are named as by `name_recordings`; those known here keep their names.
        diarizer : Diarizer, optional
            Default: a `Diarizer` with the default model.
        speech : mapping of str to Timeline, optional
            Speech marks of the files from outside, by name; a file without any fails.
        channel : int or "split", optional
            Channel to take of the files, or each as a recording of its own (``call-ch1``,
            ``call-ch2``); default: the mean of all.
        track : int
            Audio track to take of the files, from 0.
        speaker_counts : SpeakerCounts, optional
            How many speakers the files have, such as `read_speaker_counts` gives them; default: as
            the diarizer has it.
        executor, jobs
            As in `map_recordings`.
        planned : callable, optional
            Called once, before the work, with the jobs that are to be done.
        progress : callable, optional
            Called with a `Progress` when one of them is finished and kept, and, a few times a
            second, when one has moved: with a `Diarizer` in local processes; with an `executor`
            nothing is told between.

        Returns
        -------
        list of Failure
            What failed in this call, by name; the others are kept all the same. What the
            collection had of a recording before it failed stays there.

        Raises
        ------
        CollectionError
            Before any work, if the collection has other recordings, which another model made.
        ParameterError
            If two jobs have one name, or speaker counts name a recording that is neither among the
            files nor here.
        """
        self._store.db.check_writable()
        diarizer = self._diarizer(diarizer)
        plan = make_plan(
            self._store,
            items,
            diarizer,
            speech=speech,
            channel=channel,
            track=track,
            speaker_counts=speaker_counts,
        )
        check_model(self._store, plan.given, diarizer.model_hash)
        if planned is not None:
            planned(plan.jobs)
        return keep_planned(
            self._store, plan, diarizer, executor=executor, jobs=jobs, progress=progress
        )

    def add_diarizations(
        self, diarizations: Iterable[Diarization], *, replace: bool = False
    ) -> None:
        """Keep diarizations that were made elsewhere, such as `import_diarizations` makes them.

        Parameters
        ----------
        diarizations : iterable of Diarization
            All are looked at before the first is kept.
        replace : bool
            Whether they take the place of recordings of these names that are here.

        Raises
        ------
        CollectionError
            If a name is there twice, or here already; if the vectors are not all of one model, that
            of the collection; or as `add`.

        Examples
        --------
        >>> from trfast import Annotation
        >>> from trfast.collection import import_diarizations
        >>> monday = Annotation("monday", [(0.0, 2.0, "A"), (2.0, 3.5, "B")])
        >>> vectors = {"monday/A": [1.0, 0.0], "monday/B": [0.0, 1.0]}
        >>> with Collection(":memory:") as collection:
        ...     collection.add_diarizations(import_diarizations([monday], vectors))
        ...     _ = collection.link(comparison=Comparison(threshold=0.5))
        ...     [speaker.name for speaker in collection.speakers()]
        ['speaker-0001', 'speaker-0002']
        """
        given = check_listed(diarizations, "diarizations", "Diarization")
        keep_diarizations(self._store, given, replace=replace)

    def add_failure(self, recording: str, error: Exception, *, source: Path | None = None) -> None:
        """Keep the error that stopped a recording, unless it is here already, diarized."""
        self._store.fail(check_name(recording), error, Origin.of(source))

    def remove(self, *recordings: str) -> None:
        """Forget recordings, diarized or failed; the others are to be linked anew.

        Raises
        ------
        CollectionError
            If there is no recording of one of the names; then all stay.
        """
        self._store.remove([check_name(recording) for recording in recordings])

    def forget_missing(self, *, dry_run: bool = False) -> list[str]:
        """Remove the recordings whose files are gone, diarized or failed.

        Parameters
        ----------
        dry_run : bool
            Remove none.

        Returns
        -------
        list of str
            Their names, sorted. Those that came from no file stay, and those whose files cannot be
            looked for; but the files of a disk that is not there are gone.
        """
        if not dry_run:
            self._store.db.check_writable()
        missing = sorted(name for name, file in self._store.sources().items() if _is_gone(file))
        if not dry_run:
            self._store.remove(missing)
        return missing

    def rename_recording(self, old: str, new: str) -> None:
        """Give a recording, diarized or failed, another name; its file is known by it from now on.

        It stays linked, and what `corrections` say of it holds.

        Raises
        ------
        CollectionError
            If there is no recording of the old name, or another one has the new name.
        ParameterError
            If the new name cannot be written.
        """
        self._store.rename(check_name(old), check_name(new))

    def link(
        self,
        model: Compares | None = None,
        *,
        comparison: Comparison | None = None,
        min_anchor_speech: float = 0.0,
        constrain: bool = True,
        voice_margin: float | None = None,
        new_only: bool = False,
        executor: Executor | None = None,
    ) -> Linked:
        """Find which local speakers of all recordings are the same person, and name them.

        Who was there before keeps id and name: speakers of this link are matched with those of the
        last, one to one, so that as much speech as can be keeps its name. New ones are called
        ``speaker-0001`` and so on by their ids, which count up by recording name and first
        appearance and are never used again. What `corrections` say is kept. One links at a time:
        another, in any process, waits until the first is done.

        Parameters
        ----------
        model : ModelBundle, optional
            The model that made the recordings; default: the default model. Imported vectors have
            none, or a `VectorModel`.
        comparison : Comparison, optional
            What compares two local speakers, and when they are linked, whatever diarized them;
            default: ``model.across()``. Needed for imported vectors without a model:
            ``Comparison(threshold=0.5)``, a cosine.
        min_anchor_speech, constrain, executor
            As in `trfast.linking.link_centred`, which links.
        voice_margin : float, optional
            Of `trfast.linking.Voices`, where voices are enrolled.
        new_only : bool
            Link what is new since the last link with the speakers there are, as
            `trfast.linking.link_new` does; but link all where that is not sure, or another
            clustering than average linkage, an option or a correction asks for it.

        Returns
        -------
        Linked
            Whether what is new was linked alone, and else why not.

        Raises
        ------
        CollectionError
            If the recordings, or voices that are enrolled, were made by another model, or by
            several; if they were imported, and there is no comparison; or if recordings keep coming
            or going meanwhile.
        """
        if model is not None and not hasattr(model, "vectors_hash"):
            raise ParameterTypeError(
                f"model must be a ModelBundle, got {type(model).__name__}: give load_model(path);"
                " how to compare is comparison=model.across(...)"
            )
        if comparison is not None:
            check_type(comparison, Comparison, "comparison", hint="give model.across(...)")
        self._store.db.check_writable()
        with enough_memory(), self._store.db.alone():
            return link_store(
                self._store,
                model,
                comparison,
                min_anchor_speech=min_anchor_speech,
                constrain=constrain,
                voice_margin=voice_margin,
                new_only=new_only,
                executor=executor,
            )

    def enrol(
        self,
        speaker: str,
        *items: Diarization | Job | Path,
        diarizer: DiarizesOne | None = None,
        who: str | None = None,
        why: str = "",
    ) -> list[str]:
        """Give the collection a known voice: who sounds like it gets that name in the next link.

        Parameters
        ----------
        speaker : str
            Name of a speaker who is here, or of somebody new.
        *items : path, Job or Diarization
            Sound of this speaker alone, or diarizations with one speaker. A `Job` with speech marks
            takes what the speaker says in a recording of many.
        diarizer : Diarizer, optional
            Default: a `Diarizer` with the default model.
        who, why
            As in `corrections`, of which this is one: `Corrections.undo` takes it back.

        Returns
        -------
        list of str
            What is suspicious about the sound: as `Diarization.warnings`, and where several seem to
            speak.

        Raises
        ------
        CollectionError
            If a voice is not of one speaker, or of another model than the collection.
        TrfastError
            If a recording cannot be diarized; then no voice is kept.
        """
        self._store.db.check_writable()
        voices, warnings = [], []
        for item in items:
            if isinstance(item, Diarization):
                voices.append(item)
                continue
            voice, suspicious = hear_voice(Job.of(item), self._diarizer(diarizer), speaker)
            voices.append(voice)
            warnings += suspicious
        self.corrections.enrol(speaker, *voices, who=who, why=why)
        return warnings

    def adapt(
        self, model: ModelBundle | None = None, *, seed: int = 0
    ) -> tuple[ModelBundle, dict[str, Adapted]]:
        """Adapt PLDA and the triplet network of a model to the collection, without labels.

        The collection stays as it is: ``link(adapted)`` links it anew.

        Parameters
        ----------
        model : ModelBundle, optional
            The model that made the recordings; default: the default model.
        seed : int

        Returns
        -------
        model : ModelBundle
        adapted : dict of str to Adapted
            As `trfast.linking.adapt` returns them.

        Raises
        ------
        CollectionError
            If there are no recordings, or they were made by another model, or by several.
        """
        made = self._store.models()
        if not made:
            raise CollectionError(f"{self._store.path} holds no recording to adapt to: add some")
        model = load_model() if model is None else check_type(model, ModelBundle, "model")
        only_model(self._store, made, model)
        local = self._store.local_speakers()
        return adapt(model, local.vectors, local.recordings, seed=seed)

    def _diarizer(self, diarizer: DiarizesOne | None) -> DiarizesOne:
        if diarizer is not None:
            if not (callable(diarizer) and hasattr(diarizer, "fingerprint")):
                raise ParameterTypeError(
                    f"diarizer must be a Diarizer, or have its face, got {type(diarizer).__name__}:"
                    " give Diarizer(model)"
                )
            return diarizer
        if self._default is None:
            self._default = Diarizer()
        return self._default


def _is_gone(file: str | None) -> bool:
    """Whether there was a file, and none is there now; one that cannot be looked for may be."""
    try:
        if file is not None and not is_url(file):
            os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False
