"""Run a function over recordings: in processes of this machine, or on any executor."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

from threadpoolctl import threadpool_limits

from trfast import _stderr
from trfast._checks import check_integer
from trfast._listening import listening
from trfast._log import log
from trfast._resources import (
    enough_memory,
    is_short_of_memory,
    out_of_memory,
    temporary_space,
)
from trfast._threads import available_cores, one_thread, take_blas_buffers
from trfast.errors import ExecutionError, ParameterError, ParameterTypeError, TrfastError
from trfast.execution.board import INTERVAL, Board, Moved, StoppedError, seldom, writer

Item = TypeVar("Item")
Result = TypeVar("Result")
Timed = tuple[Result | None, Exception | None, float]

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_CONTEXT = multiprocessing.get_context("spawn")
# What pickling raises, and what an error's class does that is called with other arguments.
_NO_PICKLE = (pickle.PickleError, TypeError, AttributeError, ImportError, LookupError, ValueError)
_environment = threading.Lock()
_TRIES = 3  # of an item that is alone, and whose worker is killed
_NOT_STARTED = (
    "the worker processes died while they started{}. Use one job (--jobs 1); in a Python script,"
    ' jobs=1, or call this under `if __name__ == "__main__":`.'
)


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
                timed = _timed(function, item)
        except StoppedError as stopped:
            raise stopped.error from None
        yield Outcome(item, *timed)


def _map_on(
    executor: Executor, function: Callable[[Item], Result], items: Iterator[Item], in_flight: int
) -> Iterator[Outcome[Item, Result]]:
    # What a DaskExecutor has: a way to send the function once, and the error of an item whose
    # workers died, it and whatever else was there each time.
    sent = executor.shared(function) if hasattr(executor, "shared") else function
    death = getattr(executor, "death", ())
    suspects: list[Outcome[Item, Result]] = []

    def submit(item: Item) -> Future[Timed[Result]]:
        return executor.submit(_timed, sent, item)

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
        board = None if moved is None else Board(_CONTEXT, in_flight, moved)
        with _Workers(payload, jobs, board) as workers:
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


class _Workers:
    """Local processes that hold the function, run one thread each, and die with this object.

    All workers hold one end of a pipe, over which each reports that it started; when the
    other end closes, because this process is done, interrupted or killed, they exit.

    The function goes through a file: more than fits into the pipe that starts a process would
    block this one for good if that process dies before it reads.
    """

    def __init__(self, payload: bytes, jobs: int, board: Board[Any] | None) -> None:
        self._board = board
        with temporary_space():
            self._folder = tempfile.TemporaryDirectory(prefix="trfast-", ignore_cleanup_errors=True)
            path = Path(self._folder.name) / "function"
            try:
                path.write_bytes(payload)
            except BaseException:
                self._folder.cleanup()
                raise
        self._children: set[Any] = set()
        self._line, self._workers_end = _CONTEXT.Pipe()
        try:
            self._pool = ProcessPoolExecutor(
                jobs,
                mp_context=_CONTEXT,
                initializer=_start_worker,
                initargs=(self._workers_end, path, board and board.lines),
            )
        except BrokenPipeError as error:  # the helper process of multiprocessing died
            self._close()
            raise ExecutionError(_NOT_STARTED.format("")) from error

    def submit(self, item: Any) -> Future[Timed[Any]]:
        board = self._board
        line = None if board is None else board.claim(item)
        with _one_thread_for_children(), _quiet_children():  # a submission may start a process
            try:
                future = self._pool.submit(_work, item, line)
                self._children.update(multiprocessing.active_children())
                if board is not None:
                    future.add_done_callback(lambda _: board.release(line))
                return future
            except OSError as error:
                # Without a number, "handle is closed": the pool broke in another thread meanwhile.
                if error.errno is not None and not isinstance(error, BrokenPipeError):
                    raise
                raise BrokenProcessPool(str(error)) from error

    def killed(self) -> bool:
        """Whether a worker that died was killed, by somebody or for want of memory, and is not to
        blame for it: a crash, and its own end, are other signals, or none."""
        self._pool.shutdown()  # it is broken; now all have an exit code
        number = getattr(signal, "SIGKILL", None)
        return number is not None and -number in {child.exitcode for child in self._children}

    def check_started(self) -> None:
        reports = []
        while self._line.poll():
            reports.append(self._line.recv())
        if "" not in reports:
            reason = f": {reports[0]}" if reports else ""
            raise ExecutionError(_NOT_STARTED.format(reason))

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._line.close()
        try:
            self._pool.shutdown(cancel_futures=True)
        finally:  # a second Ctrl+C, while the workers end, leaves nothing behind either
            self._close()

    def _close(self) -> None:
        self._line.close()
        self._workers_end.close()
        self._folder.cleanup()


@contextmanager
def _one_thread_for_children() -> Iterator[None]:
    # Most libraries read these once, when they load: too early for the worker to set them. One
    # thread at a time, or the second one in would restore what the first one set.
    with _environment:
        before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@contextmanager
def _quiet_children() -> Iterator[None]:
    # Ctrl+C reaches them too, and before they can ignore it they would show where it did.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_function: Callable[[Any], Any]
_lines: Any


def _start_worker(line: Connection, path: Path, lines: Any) -> None:
    global _function, _lines
    _stderr.take()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the parent, which ends us
    tempfile.tempdir = str(path.parent)  # what a worker that is killed leaves goes with the folder
    threading.Thread(target=_exit_with_parent, args=(line, path.parent), daemon=True).start()
    try:
        _function = pickle.loads(path.read_bytes())
        take_blas_buffers()
    except Exception as error:
        with suppress(OSError):  # nobody waits any more
            line.send(f"{type(error).__name__}: {error}")
        os._exit(1)
    _lines = lines
    threadpool_limits(1)  # for as long as the worker lives
    line.send("")


def _exit_with_parent(line: Connection, folder: Path) -> None:
    line.poll(None)
    shutil.rmtree(folder, ignore_errors=True)  # a parent that was killed left it
    os._exit(1)


def _work(item: Any, line: int | None) -> Timed[Any]:
    with listening(writer(_lines, line)):
        return _timed(_function, item)


def _timed(function: Callable[[Item], Result], item: Item) -> Timed[Result]:
    start = time.perf_counter()
    result, error = None, None
    try:
        result = function(item)
    except Exception as caught:
        error = _portable(caught)
    return result, error, time.perf_counter() - start


def _portable(error: Exception) -> Exception:
    """Return the error without its frames, in a form that survives the way between processes."""
    if is_short_of_memory(error):
        error = out_of_memory(error)
    if not isinstance(error, TrfastError):
        error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))
    except _NO_PICKLE:
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        for note in getattr(error, "__notes__", ()):
            plain.add_note(note)
        return plain
    return error.with_traceback(None)
