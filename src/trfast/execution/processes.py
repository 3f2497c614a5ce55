"""Run a function over recordings: in processes of this machine, or on any executor."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from trfast._checks import check_integer
from trfast._listening import listening
from trfast._log import log
from trfast._resources import enough_memory
from trfast._threads import available_cores, one_thread
from trfast.errors import ExecutionError, ParameterError, ParameterTypeError
from trfast.execution.board import INTERVAL, Board, Moved, StoppedError, seldom
from trfast.execution.workers import CONTEXT, Timed, Workers, timed

Item = TypeVar("Item")
Result = TypeVar("Result")

_TRIES = 3  # of an item that is alone, and whose worker is killed


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, Result]):
    """What became of one item.

    Parameters
    ----------
    item : object
        The item.
    result : object or None
        What the function returned; ``None`` where it failed.
    error : Exception or None
        What stopped it. An error that trfast did not foresee carries its traceback as a note.
    seconds : float
        Time that the function took.
    """

    item: Item
    result: Result | None
    error: Exception | None
    seconds: float


def map_recordings(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    in_flight: int | None = None,
    moved: Moved[Item] | None = None,
) -> Iterator[Outcome[Item, Result]]:
    """Call `function` with each item and yield what became of each, as they finish.

    An item that fails is an outcome with an error and stops no other. When a worker process
    dies, the items that were in flight are tried again one by one, so that only the one that
    kills its worker is lost; and one whose worker is killed from outside (SIGKILL), for want of
    memory, say, only at the third time. Leaving the loop early, or Ctrl+C, ends the workers at
    once.

    Parameters
    ----------
    function : callable
        Called with one item; must be picklable unless ``jobs=1``.
    items : iterable
        The items; each is yielded exactly once.
    executor : concurrent.futures.Executor, optional
        Where to run instead of local processes: for instance a `DaskExecutor`. It is not shut
        down, and the number of threads inside its workers is its own affair.
    jobs : int, optional
        Number of local processes, with one thread each; default: the available cores. One job
        runs in this process. Not with `executor`.
    in_flight : int, optional
        Most items handed out and not yet finished; default: two a job, 256 with an `executor`
        that does not say.
    moved : callable, optional
        Called in this process, a few times a second while the next outcome is waited for, with an
        item under way, its seconds of audio done, and in all, as far as the function tells: a
        `Diarizer` does. An `executor` has no way back for it: nothing is told then.

    Yields
    ------
    Outcome

    Raises
    ------
    ParameterError
        If `jobs` or `in_flight` is below 1, if both `jobs` and `executor` are given, or if the
        function cannot be sent to other processes.
    ExecutionError
        If the worker processes cannot start.

    Examples
    --------
    >>> for outcome in map_recordings(len, ["ab", 7], jobs=1):
    ...     print(outcome.result, repr(outcome.error))
    2 None
    None TypeError("object of type 'int' has no len()")
    """
    for name, value in (("jobs", jobs), ("in_flight", in_flight)):
        if value is not None:
            check_integer(value, name, least=1)
    if executor is not None:
        if not hasattr(executor, "submit"):
            raise ParameterTypeError(
                f"executor must be a concurrent.futures.Executor, got {type(executor).__name__}"
            )
        if jobs is not None:
            raise ParameterError("jobs and executor exclude each other: the executor has workers")
        most = in_flight or int(getattr(executor, "in_flight", 256))
        return _map_on(executor, function, iter(items), most)
    items = list(items)
    jobs = min(jobs or available_cores(), len(items))
    if jobs <= 1:
        return _map_here(function, items, moved)
    try:
        with enough_memory():
            payload = pickle.dumps(function)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ParameterError(
            f"the function cannot be sent to other processes ({error}); define it at the top level"
            " of a module, or use jobs=1"
        ) from error
    return _map_processes(payload, items, jobs, in_flight or 2 * jobs, moved)


def _map_here(
    function: Callable[[Item], Result], items: Iterable[Item], moved: Moved[Item] | None
) -> Iterator[Outcome[Item, Result]]:
    for item in items:
        try:
            with one_thread(), listening(None if moved is None else seldom(item, moved)):
                done = timed(function, item)
        except StoppedError as stopped:
            raise stopped.error from None
        yield Outcome(item, *done)


def _map_on(
    executor: Executor, function: Callable[[Item], Result], items: Iterator[Item], in_flight: int
) -> Iterator[Outcome[Item, Result]]:
    # What a DaskExecutor has: a way to send the function once, and the error of an item whose
    # workers died, it and whatever else was there each time.
    sent = executor.shared(function) if hasattr(executor, "shared") else function
    death = getattr(executor, "death", ())
    suspects: list[Outcome[Item, Result]] = []

    def submit(item: Item) -> Future[Timed[Result]]:
        return executor.submit(timed, sent, item)

    for outcome in _as_finished(submit, items, in_flight):
        if isinstance(outcome.error, death):
            suspects.append(outcome)
        else:
            yield outcome
    if len(suspects) > 1:  # the others were only there: alone, each shows
        items = iter([outcome.item for outcome in suspects])
        suspects = list(_as_finished(submit, items, 1))
    for outcome in suspects:
        if isinstance(outcome.error, death):
            died = ExecutionError(
                "each worker that was given it died: out of memory, or a crash in a library"
            )
            died.add_note(str(outcome.error))
            outcome = Outcome(outcome.item, None, died, 0.0)
        yield outcome


def _map_processes(
    payload: bytes, items: Iterable[Item], jobs: int, in_flight: int, moved: Moved[Item] | None
) -> Iterator[Outcome[Item, Any]]:
    items = iter(items)
    suspects: list[Item] = []
    n_kills = 0

    def feed() -> Iterator[Item]:
        for item in items:
            yield item
            if suspects:
                return

    while True:
        board = None if moved is None else Board(CONTEXT, in_flight, moved)
        with Workers(payload, jobs, board) as workers:
            for outcome in _as_finished(workers.submit, feed(), in_flight, board):
                if isinstance(outcome.error, BrokenExecutor):
                    suspects.append(outcome.item)
                else:
                    n_kills = 0
                    yield outcome
            killed = bool(suspects) and workers.killed()
            if suspects and not killed:
                workers.check_started()
        if not suspects:
            return
        n_kills += killed
        if in_flight > 1:
            log.warning("a worker process died: %d items are tried one by one", len(suspects))
        if in_flight == 1 and killed and n_kills < _TRIES:
            items = chain(suspects[:], items)
        elif in_flight == 1:
            died = ExecutionError(
                "the worker process died: out of memory, or a crash in a library; try fewer jobs"
            )
            n_kills = 0
            yield Outcome(suspects[0], None, died, 0.0)
        else:
            yield from _map_processes(payload, suspects, 1, 1, moved)
        suspects.clear()


def _as_finished(
    submit: Callable[[Item], Future[Timed[Result]]],
    items: Iterator[Item],
    in_flight: int,
    board: Board[Item] | None = None,
) -> Iterator[Outcome[Item, Result]]:
    waiting: dict[Future[Timed[Result]], Item] = {}
    try:
        while True:
            for item in islice(items, in_flight - len(waiting)):
                waiting[_submit(submit, item)] = item
            if not waiting:
                return
            timeout = None if board is None else INTERVAL
            finished = wait(waiting, timeout, return_when=FIRST_COMPLETED).done
            if board is not None:
                board.look()
            for future in finished:
                yield _outcome(waiting.pop(future), future)
    finally:
        for future in waiting:
            future.cancel()


def _submit(submit: Callable[[Item], Future[Timed[Result]]], item: Item) -> Future[Timed[Result]]:
    try:
        return submit(item)
    except BrokenExecutor as error:
        failed: Future[Timed[Result]] = Future()
        failed.set_exception(error)
        return failed


def _outcome(item: Item, future: Future[Timed[Result]]) -> Outcome[Item, Result]:
    if future.cancelled():
        return Outcome(item, None, ExecutionError("cancelled by its executor"), 0.0)
    error = future.exception()
    if error is None:
        return Outcome(item, *future.result())
    if not isinstance(error, Exception):
        error = ExecutionError(f"stopped by {error!r}")
    return Outcome(item, None, error, 0.0)
