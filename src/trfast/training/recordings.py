"""A function over the recordings of a labelled collection, all of which must do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar, cast

import numpy as np

from trfast.execution import map_recordings
from trfast.training.labelled import LabelledCollection
from trfast.training.vectors import SpeakerVectors

Result = TypeVar("Result")


def each_recording(
    function: Callable[[str], Result],
    names: Iterable[str],
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    in_flight: int | None = None,
) -> Iterator[tuple[str, Result]]:
    """Yield names of recordings, and what `function` makes of them, as they are done; raise the
    first error."""
    outcomes = map_recordings(function, names, executor=executor, jobs=jobs, in_flight=in_flight)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
        yield outcome.item, cast(Result, outcome.result)


def over_recordings(
    function: Callable[[str], Result],
    collection: LabelledCollection,
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Call `function` with the name of each recording; return the results in their order.

    Parameters
    ----------
    function : callable
        Must be picklable unless ``jobs=1``.
    collection : LabelledCollection
    executor, jobs
        As in `map_recordings`.
    progress : callable, optional
        Called with the number of recordings done, and in all.

    Raises
    ------
    Exception
        The first that `function` raises.
    """
    names = list(collection.audio)
    found: dict[str, Result] = {}
    for name, result in each_recording(function, names, executor=executor, jobs=jobs):
        found[name] = result
        if progress is not None:
            progress(len(found), len(names))
    return [found[name] for name in names]


def joined(parts: Iterable[SpeakerVectors]) -> SpeakerVectors:
    """Return the rows of all parts, at least one, at the speed of the reference."""
    parts = list(parts)
    return SpeakerVectors(
        np.concatenate([part.vectors for part in parts]),
        tuple(speaker for part in parts for speaker in part.speakers),
        tuple(recording for part in parts for recording in part.recordings),
    )
