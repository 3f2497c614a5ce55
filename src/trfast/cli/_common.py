"""What verbs share: their options, speech marks, progress, and failures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from trfast.annotation import Timeline
    from trfast.audio import Source
    from trfast.collection import Failure
    from trfast.diarization import Diarization, Diarizer
    from trfast.execution import Outcome
    from trfast.model import ModelBundle

Function = TypeVar("Function", bound=Callable[..., Any])

# As in trfast.scoring.backend, which takes long to load.
BACKEND = click.Choice(["cosine", "wccn", "lda", "plda", "tr"])
CLUSTERING = click.Choice(["cc", "hac"])
UNITS = "a log-likelihood ratio with plda, a cosine with all others.  [default: the model's]"


def model_output(example: str) -> Callable[[Function], Function]:
    """Add the option of a verb that writes a model."""
    return click.option(
        "-o",
        "--output",
        required=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=f"Model file to write, such as {example}; its folder is made if need be.",
    )


def recording_options(command: Function) -> Function:
    """Add the arguments and options of a verb that diarizes recordings."""
    for decorate in (
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("--profile", is_flag=True, help="Print the CPU time by stage."),
        click.option(
            "--channel",
            type=click.IntRange(min=0),
            help="Channel to take, counted from 0.  [default: the mean of all]",
        ),
        click.option(
            "--detector",
            type=click.Choice(["model", "energy"]),
            default="model",
            show_default=True,
            help="What finds speech: the model's network, or only the energy.",
        ),
        click.option(
            "--speech",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Take speech from a RTTM or UEM file instead of detecting it.",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            metavar="N",
            help="Recordings worked on at a time, one core each.  [default: all cores]",
        ),
        click.option(
            "--clustering",
            type=CLUSTERING,
            help="Connected components (cc) or complete linkage (hac).  [default: the model's]",
        ),
        click.option(
            "--backend",
            type=BACKEND,
            help="What compares voices, if the model has it.  [default: the model's]",
        ),
        click.option(
            "--model",
            type=click.Path(path_type=Path),
            help="Model file.  [default: the one shipped with trfast]",
        ),
        click.option(
            "-o",
            "--output",
            required=True,
            type=click.Path(path_type=Path),
            metavar="FOLDER",
            help="Where the results go; made if need be.",
        ),
        click.argument(
            "paths",
            nargs=-1,
            required=True,
            type=click.Path(path_type=Path),
            metavar="FILE_OR_FOLDER...",
        ),
    ):
        command = decorate(command)
    return command


def split_missing(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the paths that exist, and those that do not; an error if none does."""
    from trfast.errors import ParameterError

    there = [path for path in paths if os.path.exists(path)]
    missing = [path for path in dict.fromkeys(paths) if not os.path.exists(path)]
    if not there:
        raise ParameterError(f"{', '.join(map(str, missing))}: no such file or folder")
    return there, missing


def make_folder(path: Path) -> Path:
    """Make the output folder before any work starts."""
    from trfast.errors import ParameterError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ParameterError(f"{path} is a file, expected a folder: give another -o") from error
    except OSError as error:
        raise ParameterError(f"{path}: this folder cannot be made ({error.strerror})") from error
    return path


def load_diarizer(
    model_path: Path | None,
    *,
    backend: str | None,
    clustering: str | None,
    threshold: float | None,
    option: str,
    detector: str,
) -> tuple[ModelBundle, Diarizer]:
    """Load the model, and make a diarizer of it; `option` is that of the threshold."""
    from trfast.diarization import Diarizer
    from trfast.model import load_model

    model = load_model(model_path)
    if threshold is not None:
        model.backend(backend).check_threshold(threshold, option)
    comparison = model.within(backend, clustering, threshold)
    return model, Diarizer(model, comparison=comparison, detector=detector)


def read_speech(path: Path | None) -> dict[str, Timeline] | None:
    """Read speech marks from a RTTM or UEM file."""
    from trfast.formats import read_rttm, read_uem

    if path is None:
        return None
    if path.suffix.lower() == ".uem":
        return read_uem(path)
    if path.suffix.lower() == ".rttm":
        return {name: turns.timeline() for name, turns in read_rttm(path).items()}
    raise click.BadParameter(f"{path} is neither .rttm nor .uem", param_hint="--speech")


@contextmanager
def progress_bar(
    sources: Mapping[str, Source], *, quiet: bool
) -> Iterator[Callable[[Outcome[str, Diarization]], None]]:
    """Yield what moves a bar on stderr by one recording; nothing is shown without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from trfast.audio.files import source_size

    console = Console(stderr=True)
    console.quiet = quiet or not console.is_terminal  # older rich ends the line of a disabled bar
    sizes = {name: 1 + source_size(source) for name, source in sources.items()}
    n_done = 0
    with Progress(
        TextColumn("{task.fields[n_done]} of {task.fields[n]} recordings"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%, left:"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=console.quiet,
        speed_estimate_period=600,  # a recording may take minutes
    ) as progress:
        task = progress.add_task("", total=sum(sizes.values()), n_done=0, n=len(sizes))

        def advance(outcome: Outcome[str, Diarization]) -> None:
            nonlocal n_done
            n_done += 1
            progress.update(task, advance=sizes[outcome.item], n_done=n_done)

        yield advance


@contextmanager
def stages_bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what moves a bar a stage on stderr; nothing is shown without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    console.quiet = quiet or not console.is_terminal  # older rich ends the line of a disabled bar
    columns = (TextColumn("{task.description:18}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=console.quiet) as bar:
        tasks = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield progress


class Profile:
    """CPU time by stage, summed over recordings."""

    def __init__(self) -> None:
        self.audio = 0.0
        self._seconds: dict[str, float] = {}

    def add(self, outcome: Outcome[str, Diarization]) -> None:
        """Add a recording, if it was diarized."""
        if outcome.result is not None:
            self.audio += outcome.result.duration
            for stage, seconds in outcome.result.stage_seconds.items():
                self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def show(self) -> None:
        """Print a table: a row a stage, and all of them."""
        from rich.console import Console
        from rich.table import Table

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


def exit_with(failures: Sequence[Failure], n_recordings: int) -> None:
    """List what failed, and exit with status 1 if anything did."""
    if not failures:
        return
    click.echo(f"trfast: {len(failures)} of {n_recordings} recordings failed:", err=True)
    for failure in failures:
        click.echo(f"  {failure.recording}: {failure.error}", err=True)
    details = next((failure.details for failure in failures if failure.details), "")
    if details:
        click.echo(f"The first error that trfast did not foresee:\n{details.rstrip()}", err=True)
    sys.exit(1)
