"""map_recordings: every item comes back once, whatever happens to it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import resource_tracker, spawn
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from trfast.errors import AudioError, ExecutionError, ParameterError
from trfast.execution import Outcome, map_recordings
from trfast.execution.workers import _THREAD_VARIABLES


class UnpicklableError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")


def work(item: str) -> str:
    if item == "audio":
        raise AudioError("no sound")
    if item == "bug":
        raise UnpicklableError(7, "seven")
    if item == "die":
        os._exit(3)
    if item == "threads":
        numbers = {info["num_threads"] for info in threadpool_info()}
        numbers |= {int(os.environ[name]) for name in _THREAD_VARIABLES}
        return str(numbers)
    if item == "unpicklable":
        return threading.Lock()  # type: ignore[return-value]
    return item.upper()


def sleep_long(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def by_item(outcomes: object) -> dict[str, Outcome[str, str]]:
    collected = list(outcomes)  # type: ignore[call-overload]
    assert len({outcome.item for outcome in collected}) == len(collected)
    return {outcome.item: outcome for outcome in collected}


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_stop_nothing(jobs: int) -> None:
    outcomes = by_item(map_recordings(work, ["a", "audio", "bug", "b", "c"], jobs=jobs))
    assert {item: o.result for item, o in outcomes.items()} == {
        "a": "A", "b": "B", "c": "C", "audio": None, "bug": None,
    }  # fmt: skip
    assert repr(outcomes["audio"].error) == "AudioError('no sound')"
    assert all(outcome.seconds >= 0 for outcome in outcomes.values())


@pytest.mark.parametrize("jobs", [1, 2])
def test_unforeseen_error_keeps_its_traceback(jobs: int) -> None:
    outcomes = by_item(map_recordings(work, ["bug", "a"], jobs=jobs))
    error = outcomes["bug"].error
    assert str(error) == "UnpicklableError: 7: seven"
    assert "in work" in error.__notes__[0]  # type: ignore[union-attr]


def test_a_dying_worker_loses_only_its_own_item() -> None:
    items = ["a", "b", "die", "c", "unpicklable", "d"]
    outcomes = by_item(map_recordings(work, items, jobs=2))
    assert sorted(outcomes) == sorted(items)
    assert isinstance(outcomes["die"].error, ExecutionError)
    assert "died" in str(outcomes["die"].error)
    assert "pickle" in str(outcomes["unpicklable"].error)
    assert [outcomes[item].result for item in "abcd"] == ["A", "B", "C", "D"]


def killed(path: str) -> str:
    """Be killed from outside, as often as the file says."""
    left = int(Path(path).read_text())
    if left:
        Path(path).write_text(str(left - 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_who_is_killed_from_outside_is_tried_again(tmp_path: Path) -> None:
    times = {"twice": 2, "for ever": 99, "never": 0}
    for name, n in times.items():
        (tmp_path / name).write_text(str(n))
    outcomes = by_item(map_recordings(killed, [str(tmp_path / name) for name in times], jobs=2))
    found = {Path(item).name: outcome for item, outcome in outcomes.items()}
    assert [found[name].result for name in ("twice", "never")] == 2 * ["done"]
    assert "the worker process died" in str(found["for ever"].error)
    assert (tmp_path / "for ever").read_text() >= "95"  # once beside others, three times alone


def test_workers_use_one_thread_and_the_environment_is_left_alone() -> None:
    before = dict(os.environ)
    outcomes = by_item(map_recordings(work, ["threads", "a"], jobs=2))
    assert outcomes["threads"].result == "{1}"
    assert dict(os.environ) == before


def test_in_flight_is_bounded() -> None:
    started = []

    def note(item: int) -> int:
        started.append(item)
        return item

    with ThreadPoolExecutor(4) as executor:
        outcomes = map_recordings(note, range(100), executor=executor, in_flight=3)
        for n_finished in range(1, 100):
            assert len(started) <= n_finished + 2
            next(outcomes)


def process_pool(n_workers: int) -> Executor:
    return ProcessPoolExecutor(n_workers, multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("make", [ThreadPoolExecutor, process_pool])
def test_any_executor_and_it_is_not_shut_down(make: Callable[[int], Executor]) -> None:
    with make(1) as executor:
        outcomes = by_item(map_recordings(work, ["a", "audio"], executor=executor))
        assert outcomes["a"].result == "A"
        assert isinstance(outcomes["audio"].error, AudioError)
        assert executor.submit(work, "b").result() == "B"


class Shaky(Executor):
    """Gives up all that it has at a time, if its workers die of one of them."""

    death = RuntimeError

    def __init__(self) -> None:
        self.n_shared = 0
        self._waiting: list[tuple[Future[str], str]] = []

    def shared(self, value: Callable[[str], str]) -> Callable[[str], str]:
        self.n_shared += 1
        return value

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if arguments[1] in ("die", "beside") and not self._waiting:
            self._waiting.append((future, arguments[1]))
            threading.Timer(0.1, self._give_up, (function, *arguments)).start()
        elif self._waiting and arguments[1] in ("die", "beside"):
            self._waiting.append((future, arguments[1]))
        else:
            future.set_result(function(*arguments))
        return future

    def _give_up(self, function: Any, work: Any, _: str) -> None:
        waiting, self._waiting = self._waiting, []
        for future, item in waiting:
            if "die" in [other for _, other in waiting]:
                future.set_exception(RuntimeError("4 workers died"))
            else:
                future.set_result(function(work, item))


def test_who_was_beside_a_poison_is_tried_alone() -> None:
    executor = Shaky()
    outcomes = by_item(map_recordings(work, ["a", "beside", "die", "b"], executor=executor))
    assert [outcomes[item].result for item in ("a", "beside", "b")] == ["A", "BESIDE", "B"]
    assert isinstance(outcomes["die"].error, ExecutionError)
    assert outcomes["die"].error.__notes__ == ["4 workers died"]
    assert executor.n_shared == 1


def test_a_broken_executor_of_the_caller_lists_what_it_lost() -> None:
    items = ["die", *"abcdef"]
    with process_pool(1) as executor:
        outcomes = by_item(map_recordings(work, items, executor=executor, in_flight=2))
    assert sorted(outcomes) == sorted(items)
    assert all(outcome.error is not None for outcome in outcomes.values())


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs a timer signal")
def test_leaving_early_ends_the_workers_at_once(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "ab"]
    outcomes = map_recordings(sleep_long, [*paths], jobs=2)
    with pytest.raises(InterruptedError):
        _interrupt_when(tmp_path / "a", outcomes)
    assert _gone(int((tmp_path / "a").read_text()))


def _interrupt_when(path: Path, outcomes: object) -> None:
    """Raise in the midst of the waiting, as Ctrl+C does."""

    def stop(*_: object) -> None:
        if path.exists() and path.read_text():
            raise InterruptedError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        next(outcomes)  # type: ignore[call-overload]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.05)
    return False


def test_workers_die_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "from tests.execution.test_processes import sleep_long\n"
        "from trfast.execution import map_recordings\n"
        "if __name__ == '__main__':\n"
        f"    list(map_recordings(sleep_long, [{str(tmp_path / 'a')!r}, {str(tmp_path / 'b')!r}],"
        " jobs=2))\n"
    )
    path = tmp_path / "script.py"
    path.write_text(script)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, path], env=environment)
    pid = tmp_path / "a"
    for _ in range(400):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert _gone(int(pid.read_text()))


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        "from trfast.execution import map_recordings\nlist(map_recordings(len, ['a', 'b'], jobs=2))"
    )
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert 'if __name__ == "__main__":' in done.stderr


def join(prefix: str, item: str) -> str:
    return prefix[:1] + item


def test_a_large_function_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outcomes = by_item(map_recordings(partial(join, "x" * 1_000_000), ["a", "b"], jobs=2))
    assert [outcomes[item].result for item in "ab"] == ["xa", "xb"]
    assert list(tmp_path.iterdir()) == []


# The thread of the pool may trip over a process that starts while it ends them all.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.skipif(shutil.which("false") is None, reason="needs a program that fails")
def test_workers_that_die_before_they_read_the_function_are_told() -> None:
    done: list[BaseException] = []

    def start() -> None:
        try:
            list(map_recordings(partial(join, "x" * 1_000_000), ["a", "b"], jobs=2))
        except ExecutionError as error:
            done.append(error)

    resource_tracker.ensure_running()  # started with the same program
    before = spawn.get_executable()
    multiprocessing.get_context("spawn").set_executable(shutil.which("false") or "")
    try:
        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        thread.join(30)
    finally:
        multiprocessing.get_context("spawn").set_executable(os.fsdecode(before))
    assert "worker processes died while they started" in str(done[0])


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="jobs must be at least 1, got 0"):
        map_recordings(work, ["a"], jobs=0)
    with pytest.raises(ParameterError, match="top level"):
        map_recordings(lambda item: item, ["a", "b"], jobs=2)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ParameterError, match="exclude"):
        map_recordings(work, ["a"], jobs=2, executor=executor)


def test_nothing_to_do() -> None:
    assert list(map_recordings(work, [])) == []
