"""Worker processes of this machine: how they start, work with one thread each, and end."""

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
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from trfast import _stderr
from trfast._listening import listening
from trfast._resources import is_short_of_memory, out_of_memory, temporary_space
from trfast._threads import take_blas_buffers
from trfast.errors import ExecutionError, TrfastError
from trfast.execution.board import Board, writer

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
CONTEXT = multiprocessing.get_context("spawn")
# What pickling raises, and what an error's class does that is called with other arguments.
_NO_PICKLE = (pickle.PickleError, TypeError, AttributeError, ImportError, LookupError, ValueError)
_environment = threading.Lock()
_NOT_STARTED = (
    "the worker processes died while they started{}. Use one job (--jobs 1); in a Python script,"
    ' jobs=1, or call this under `if __name__ == "__main__":`.'
)


class Workers:
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
        self._line, self._workers_end = CONTEXT.Pipe()
        try:
            self._pool = ProcessPoolExecutor(
                jobs,
                mp_context=CONTEXT,
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

    def __enter__(self) -> Workers:
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
        return timed(_function, item)


def timed(function: Callable[[Item], Result], item: Item) -> Timed[Result]:
    """Return the result of a function, or the error that stopped it, and the seconds it took."""
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
