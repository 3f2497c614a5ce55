"""A folder of recordings with their reference: audio/, ref.rttm and all.uem."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from trfast._checks import check_path
from trfast.annotation import Annotation, Timeline
from trfast.audio import find_audio, name_recordings
from trfast.audio.names import written
from trfast.errors import CollectionError, ParameterError
from trfast.formats import read_rttm, read_uem


@dataclass(frozen=True, eq=False)
class LabelledCollection:
    """Recordings, and who speaks when in each.

    Parameters
    ----------
    path : Path
        The folder.
    audio : dict of str to Path
        Absolute path of each recording of the reference, names sorted.
    reference : dict of str to Annotation
        Speakers named alike in all recordings.
    uem : dict of str to Timeline, or None
        What is scored; None: all.
    """

    path: Path
    audio: dict[str, Path]
    reference: dict[str, Annotation]
    uem: dict[str, Timeline] | None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> LabelledCollection:
        """Read a folder; audio files are named as by `name_recordings`.

        Parameters
        ----------
        path : path
            Folder with ``audio/``, ``ref.rttm`` and, if not all is to be scored, ``all.uem``.

        Raises
        ------
        AnnotationError
            If ``ref.rttm`` or ``all.uem`` is malformed.
        CollectionError
            If the folder or its parts are missing, or recordings of the reference have no
            audio file of that name.
        ParameterError
            If ``audio/`` holds no audio, or two files for one recording of the reference.
        """
        folder = Path(check_path(path, "path"))
        for part in (folder, folder / "audio", folder / "ref.rttm"):
            if not part.exists():
                raise CollectionError(
                    f"{part}: not found; a labelled collection is a folder with audio/,"
                    " ref.rttm and, if not all is to be scored, all.uem"
                )
        reference = read_rttm(folder / "ref.rttm")
        if not reference:
            raise CollectionError(f"{folder / 'ref.rttm'}: no turns; is it the right file?")
        found = name_recordings(find_audio([folder / "audio"]))
        missing = sorted(reference.keys() - found.keys())
        alike = [str(path) for path in found.values() if written(Path(path).stem) in missing]
        if len(alike) > 1:
            raise ParameterError(
                f"files that cannot be told apart by name: {', '.join(sorted(alike))}."
                " If they hold the same recording, give one; otherwise rename one."
            )
        if missing:
            listed = ", ".join(missing[:3]) + ", ..." * (len(missing) > 3)
            raise CollectionError(
                f"{folder}: {len(missing)} of {len(reference)} recordings of ref.rttm have no"
                f" file in audio/ ({listed}); name the files like the recordings"
            )
        names = sorted(reference)
        uem = read_uem(folder / "all.uem") if (folder / "all.uem").exists() else None
        audio = {name: Path(os.path.abspath(found[name])) for name in names}
        return cls(folder, audio, {name: reference[name] for name in names}, uem)

    def speaker_recordings(
        self, *, min_recordings: int = 1, min_seconds: float = 0.0
    ) -> dict[str, list[str]]:
        """Return the recordings of each speaker, where they speak for `min_seconds`.

        Speakers in fewer than `min_recordings` such recordings are left out. The paper
        trains on speakers in at least 3 recordings with at least 10 s in each.
        """
        found: dict[str, list[str]] = {}
        for name, annotation in self.reference.items():
            for speaker, seconds in annotation.speech_by_speaker().items():
                if seconds >= min_seconds:
                    found.setdefault(speaker, []).append(name)
        return {s: found[s] for s in sorted(found) if len(found[s]) >= min_recordings}


def single_speaker_turns(
    annotation: Annotation, *, min_duration: float = 0.5
) -> list[tuple[float, float, str]]:
    """Return the stretches where one speaker speaks alone, in order of time.

    Parameters
    ----------
    annotation : Annotation
    min_duration : float
        Shorter stretches are left out, in seconds.

    Examples
    --------
    >>> show = Annotation("show", [(0, 4, "ann"), (3, 6, "ben")])
    >>> single_speaker_turns(show)
    [(0, 3, 'ann'), (4, 6, 'ben')]
    """
    times = sorted({time for turn in annotation for time in (turn.start, turn.end)})
    alone: list[tuple[float, float, str]] = []
    active: set[str] = set()
    starts: dict[float, list[str]] = {}
    ends: dict[float, list[str]] = {}
    for speaker, own in annotation.timeline_by_speaker().items():
        for segment in own:
            starts.setdefault(segment.start, []).append(speaker)
            ends.setdefault(segment.end, []).append(speaker)
    for start, end in pairwise(times):
        active -= set(ends.get(start, ()))
        active |= set(starts.get(start, ()))
        if len(active) != 1:
            continue
        (speaker,) = active
        if alone and alone[-1][1:] == (start, speaker):
            alone[-1] = (alone[-1][0], end, speaker)
        else:
            alone.append((start, end, speaker))
    return [turn for turn in alone if turn[1] - turn[0] >= min_duration]
