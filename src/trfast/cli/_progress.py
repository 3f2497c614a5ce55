"""What is seen of work: bars, and a table of the time by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from trfast.cli import _output, _tables
from trfast.report import hours

if TYPE_CHECKING:
    from trfast.execution import Progress as Moved


class Watch:
    """Moves a bar on stderr, which is shown on a terminal only, and adds up what the work took.

    Parameters
    ----------
    quiet : bool
        Show no bar.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.audio = 0.0
        self.warnings: dict[str, tuple[str, ...]] = {}
        self._seconds: dict[str, float] = {}
        console = _console(quiet=quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[audio]} left:"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=console.quiet,
            speed_estimate_period=600,  # a recording may take minutes
        )
        # Of 1, since another total would start the estimate of the time anew.
        self._task = self._bar.add_task("starting", total=1.0, audio="")

    def __enter__(self) -> Watch:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def progress(self, moved: Moved) -> None:
        """Take how far the work is."""
        failed = f", {moved.n_failed} failed" if moved.n_failed else ""
        self._bar.update(
            self._task,
            description=f"{moved.n_done} of {moved.n_recordings} recordings{failed}",
            completed=moved.seconds / moved.total_seconds if moved.total_seconds else 0.0,
            audio=f"{hours(moved.seconds)} of {hours(moved.total_seconds)} of audio,",
        )
        if moved.outcome is not None and moved.outcome.result is not None:
            result = moved.outcome.result
            self.audio += result.duration
            if result.warnings:
                self.warnings[result.recording] = result.warnings
            for stage, seconds in result.stage_seconds.items():
                self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def show_warnings(self) -> None:
        """Print which recordings sound suspicious, and why."""
        if self.warnings:
            each = {name: "; ".join(self.warnings[name]) for name in sorted(self.warnings)}
            what = _tables.counted(len(each), "recording")
            _output.warn(f"warning: suspicious sound in {what}:", each)

    @property
    def profile(self) -> dict[str, float]:
        """Seconds of CPU time by stage."""
        return {stage: seconds for stage, seconds in self._seconds.items() if seconds > 0}

    def show_profile(self) -> None:
        """Print a table of CPU time: a row a stage, and all of them."""
        table = Table("stage", box=None)
        for column in ("CPU seconds", "share", "hours a core-hour"):
            table.add_column(column, justify="right")
        total = sum(self.profile.values())
        for stage, seconds in [*self.profile.items(), ("all", total)] if total else ():
            table.add_row(
                stage,
                f"{seconds:.2f}",
                f"{seconds / total:.0%}",
                f"{self.audio / seconds:,.0f}",
            )
        Console().print(table)


@contextmanager
def stages_bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what moves a bar a stage on stderr; nothing is shown without a terminal."""
    console = _console(quiet=quiet)
    columns = (
        TextColumn("{task.description:18}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=console.quiet) as bar:
        tasks = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield progress


def _console(*, quiet: bool) -> Console:
    """Standard error, if it is a terminal; older rich ends the line of a bar that is disabled."""
    console = Console(stderr=True)
    console.quiet = quiet or not console.is_terminal
    return console
