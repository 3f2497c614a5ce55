"""What is seen of work over recordings: a bar, and a table of the time by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from trfast.audio import source_size

if TYPE_CHECKING:
    from trfast.diarization import Diarization, Job
    from trfast.execution import Outcome


class Watch:
    """Moves a bar on stderr, which is shown on a terminal only, and adds up what the work took.

    Parameters
    ----------
    quiet : bool
        Show no bar.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.jobs: list[Job] = []
        self.audio = 0.0
        self._seconds: dict[str, float] = {}
        self._n_done = 0
        console = Console(stderr=True)
        console.quiet = quiet or not console.is_terminal  # older rich ends a disabled bar's line
        self._bar = Progress(
            TextColumn("{task.fields[n_done]} of {task.fields[n]} recordings"),
            BarColumn(),
            TextColumn("{task.percentage:.0f}%, left:"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=console.quiet,
            speed_estimate_period=600,  # a recording may take minutes
        )

    def __enter__(self) -> Watch:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, jobs: Sequence[Job]) -> None:
        """Take the jobs that are to be done."""
        self.jobs = list(jobs)
        self._sizes = {job.name: 1 + source_size(job.source) for job in jobs}
        self._task = self._bar.add_task(
            "", total=sum(self._sizes.values()), n_done=0, n=len(self.jobs)
        )

    def progress(self, outcome: Outcome[Job, Diarization]) -> None:
        """Take what became of a job."""
        self._n_done += 1
        size = self._sizes[outcome.item.name]
        self._bar.update(self._task, advance=size, n_done=self._n_done)
        if outcome.result is not None:
            self.audio += outcome.result.duration
            for stage, seconds in outcome.result.stage_seconds.items():
                self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def show_profile(self) -> None:
        """Print a table of CPU time: a row a stage, and all of them."""
        table = Table("stage", box=None)
        for column in ("CPU seconds", "share", "hours a core-hour"):
            table.add_column(column, justify="right")
        total = sum(self._seconds.values())
        for stage, seconds in [*self._seconds.items(), ("all", total)]:
            if seconds > 0:
                table.add_row(
                    stage,
                    f"{seconds:.2f}",
                    f"{seconds / total:.0%}",
                    f"{self.audio / seconds:,.0f}",
                )
        Console().print(table)
