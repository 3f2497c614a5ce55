"""The options that verbs share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from trfast._names import BACKENDS, CLUSTERINGS, DETECTORS, MODES

Function = TypeVar("Function", bound=Callable[..., Any])

BACKEND = click.Choice(BACKENDS)
CLUSTERING = click.Choice(CLUSTERINGS)
UNITS = "a log-likelihood ratio with plda, a cosine with all others.  [default: the model's]"


class PathType(click.Path):
    """A path; the empty one, as of a variable that is not set, is not the current folder."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse what is empty."""
        if not os.fspath(value):
            self.fail("a path is empty", param, ctx)
        return super().convert(value, param, ctx)


class _SourceType(PathType):
    """A path, or the URL of a recording, which stays a str."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Leave a URL as it is."""
        from trfast.audio import is_url

        return value if is_url(value) else super().convert(value, param, ctx)


class _DetectorType(PathType):
    """``model``, ``energy``, or the path of a network."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse what is neither, nor a file."""
        if value in DETECTORS:
            return value
        path = super().convert(value, param, ctx)
        if not path.exists():
            self.fail(f"{str(path)!r} is neither {' nor '.join(DETECTORS)} nor a file", param, ctx)
        return path


def model_output(example: str) -> Callable[[Function], Function]:
    """Add the option of a verb that writes a model."""
    return click.option(
        "-o",
        "--output",
        required=True,
        type=PathType(dir_okay=False),
        metavar="FILE",
        help=f"Model file to write, such as {example}; its folder is made if need be.",
    )


EMBEDDER = click.option(
    "--embedder",
    type=PathType(),
    metavar="FILE",
    help="ONNX file of the neural embedding that the model was trained with.  [default: what"
    " TRFAST_EMBEDDER names]",
)
DETECTOR = click.option(
    "--detector",
    type=_DetectorType(),
    default="model",
    show_default=True,
    metavar="model|energy|FILE.onnx",
    help="What finds speech: the model's network, only the energy, or a network in an ONNX file,"
    " such as Silero VAD's.",
)
DASK = click.option(
    "--dask",
    metavar="tcp://HOST:PORT",
    help="Run on the workers of a Dask cluster, whose scheduler listens there, in place of local"
    " processes. They must see recordings under the same paths.",
)
SOURCE = _SourceType()
IN_AND_OUT = (
    click.argument(
        "paths",
        nargs=-1,
        required=True,
        type=SOURCE,
        metavar="FILE_OR_FOLDER...",
    ),
    click.option(
        "-o",
        "--output",
        required=True,
        type=PathType(),
        metavar="FOLDER",
        help="Where the results go; made if need be. -: turns go to standard output.",
    ),
)
MODEL = click.option(
    "--model",
    type=PathType(),
    help="Model file.  [default: the one shipped with trfast]",
)
_BACKEND = click.option(
    "--backend",
    type=BACKEND,
    help="What compares voices, if the model has it.  [default: the model's]",
)
_CLUSTERING = click.option(
    "--clustering",
    type=CLUSTERING,
    help="Connected components (cc), complete (hac) or average linkage.  [default: the model's]",
)
COMPARISON = (
    MODEL,
    EMBEDDER,
    click.option(
        "--mode",
        type=click.Choice(MODES),
        default="full",
        show_default=True,
        help="What a neural embedding sees: all speech, or, of each speaker that the default model"
        " finds in a recording, 20 s.",
    ),
    _BACKEND,
    _CLUSTERING,
    click.option(
        "--segments",
        is_flag=True,
        help="Within a recording, compare segments at a threshold, as the paper does, and not"
        " windows by their evidence.",
    ),
)
LINKING = (
    MODEL,
    _BACKEND,
    _CLUSTERING,
    click.option(
        "--threshold",
        type=float,
        help="Similarity from which speakers of two recordings are the same: with average linkage"
        f" of a model that has a cohort, standard deviations above strangers; else {UNITS}",
    ),
)
VOICE_MARGIN = click.option(
    "--voice-margin",
    type=click.FloatRange(min=0),
    metavar="SCORE",
    help="By how much the score with the voice of one enrolled speaker must beat that with the"
    " next.  [default: a tenth of the threshold]",
)


def _jobs(*, passed: bool) -> Callable[[Function], Function]:
    def bound(ctx: click.Context, _: click.Parameter, value: int | None) -> int | None:
        if value is not None:
            from trfast._threads import cores_limit

            ctx.with_resource(cores_limit(value))
        return value

    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        callback=bound,
        expose_value=passed,
        help="Cores to use, for recordings side by side and for threads.  [default: all]",
    )


JOBS = _jobs(passed=True)
THREADS = _jobs(passed=False)
"""The same, of a verb that has only threads to bound, and is not told how many."""
SOUND = (
    click.option(
        "--speech",
        type=PathType(),
        metavar="FILE",
        help="Take speech from a RTTM or UEM file instead of detecting it.",
    ),
    DETECTOR,
    click.option(
        "--channel",
        type=click.IntRange(min=0),
        help="Channel to take, counted from 0.  [default: the mean of all]",
    ),
    click.option(
        "--track",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Audio track to take of files that have several, counted from 0.",
    ),
    click.option(
        "--channels",
        type=click.Choice(["mean", "split"]),
        default="mean",
        show_default=True,
        help="Of a file with several channels, take the mean, or each as a recording of its own,"
        " such as call-ch1 and call-ch2.",
    ),
)
SPEAKERS = (
    click.option(
        "--num-speakers",
        type=click.IntRange(min=1),
        metavar="N",
        help="So many speakers in each recording.  [default: what the voices say]",
    ),
    click.option(
        "--min-speakers", type=click.IntRange(min=1), metavar="N", help="At least so many."
    ),
    click.option(
        "--max-speakers", type=click.IntRange(min=1), metavar="N", help="At most so many."
    ),
    click.option(
        "--speaker-counts",
        type=PathType(),
        metavar="FILE",
        help="CSV file that says it of recordings by name, before the options above: columns"
        " recording,num_speakers or recording,min_speakers,max_speakers.",
    ),
)
PROFILE = click.option("--profile", is_flag=True, help="Print the CPU time by stage.")
