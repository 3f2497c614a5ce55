"""Timelines and DET curves by matplotlib, for papers and notebooks (``trfast[plot]``)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_listed, check_path, check_type
from trfast._files import replacing
from trfast._pictures import clock
from trfast._text import writable
from trfast.annotation import Annotation
from trfast.errors import MissingExtraError, ParameterError
from trfast.report.colours import COLOURS
from trfast.scoring.trials import det_points, equal_error_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
    "hatch.color": "white",
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "trfast",  # the same picture is the same file
}
"""How plots look: settings for `matplotlib.rc_context`."""

_HATCHES = (None, "////", "\\\\\\\\", "....")
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
_RATES = (0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
_LEAST, _MOST = _RATES[0], 0.5
_METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None},
    ".png": {"Software": None},
    ".svg": {"Date": None},
}

Trials = tuple[npt.ArrayLike, npt.ArrayLike]


def plot_timeline(
    annotation: Annotation, *, axes: Axes | None = None, duration: float | None = None
) -> Axes:
    """Draw who speaks when: a lane a speaker, most speech on top.

    Parameters
    ----------
    annotation : Annotation
        One recording.
    axes : matplotlib Axes, optional
        Where to draw; default: on a new figure, ``plot_timeline(...).figure``.
    duration : float, optional
        Seconds that the axis reaches; default: until the last turn ends.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    MissingExtraError
        If matplotlib is missing.

    Examples
    --------
    >>> show = Annotation("show", [(0, 2, "ann"), (2, 3.5, "ben")])
    >>> axes = plot_timeline(show)  # doctest: +SKIP
    >>> axes.figure.savefig("show.svg")  # doctest: +SKIP
    """
    check_type(annotation, Annotation, "annotation")
    ticker = _matplotlib("ticker")
    speech = annotation.speech_by_speaker()
    order = sorted(speech, key=lambda name: -speech[name])
    end = duration or max((turn.end for turn in annotation), default=1.0)
    with _matplotlib().rc_context(STYLE):
        axes = axes if axes is not None else _figure(9, _height(annotation)).subplots()
        for lane, name in enumerate(order):
            axes.broken_barh(
                [(t.start, t.duration) for t in annotation if t.speaker == name],
                (lane - 0.35, 0.7),
                facecolor=COLOURS[lane % len(COLOURS)],
                hatch=_HATCHES[lane // len(COLOURS) % len(_HATCHES)],
                linewidth=0,
            )
        axes.set(title=_text(annotation.recording), xlim=(0, end))
        axes.set_ylim(max(len(order), 1) - 0.5, -0.5)
        axes.set_yticks(range(len(order)), [_text(name) for name in order])
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        step = next((step for step in _STEPS if end / step <= 10), 86400)
        axes.xaxis.set_major_locator(ticker.MultipleLocator(step))
        axes.xaxis.set_major_formatter(lambda seconds, _: clock(seconds))
    return axes


def plot_det(curves: Mapping[str, Trials], *, axes: Axes | None = None) -> Axes:
    """Draw DET curves: misses over false alarms at every threshold, as normal deviates.

    Parameters
    ----------
    curves : mapping of str to (scores, labels)
        By name, the trials as `trfast.evaluation.verification_trials` gives them. The legend has
        the equal error rate of each; a dot marks it.
    axes : matplotlib Axes, optional
        Where to draw; default: on a new figure.

    Returns
    -------
    matplotlib Axes
        Whose values are shares of trials.

    Raises
    ------
    ParameterError
        If there is no curve, or as in `trfast.scoring.trials.det_points`.
    MissingExtraError
        If matplotlib is missing.

    References
    ----------
    A. Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.

    Examples
    --------
    >>> trials = [0.1, 0.4, 0.3, 0.9], [False, False, True, True]
    >>> axes = plot_det({"cosine": trials})  # doctest: +SKIP
    """
    check_type(curves, Mapping, "curves", hint='give {"cosine": (scores, labels)}')  # type: ignore[type-abstract]
    if not curves:
        raise ParameterError("curves are empty, expected at least one: name, scores and labels")
    ticker = _matplotlib("ticker")
    least = [_MOST, _MOST]  # of the false alarms and the misses that there are
    with _matplotlib().rc_context(STYLE):
        axes = axes if axes is not None else _figure(7, 6).subplots()
        for number, (name, (scores, labels)) in enumerate(curves.items()):
            _, miss, false_alarm = det_points(scores, labels)
            eer = equal_error_rate(scores, labels)
            look: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)]}
            style = ("-", "--", ":", "-.")[number // len(COLOURS) % 4]
            label = f"{_text(name)}: EER {100 * eer:.2f} %"
            axes.plot(*_thinned(false_alarm, miss), style, label=label, **look)
            axes.plot(*np.clip([[eer], [eer]], _LEAST, _MOST), "o", markersize=5, **look)
            seen = [float(rates[rates > 0].min()) for rates in (false_alarm, miss)]
            least = [max(_LEAST, min(pair)) for pair in zip(least, seen, strict=True)]
        axes.set_xscale("function", functions=(_deviate, scipy.special.ndtr))
        axes.set_yscale("function", functions=(_deviate, scipy.special.ndtr))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(ticker.FixedLocator(_RATES))
            axis.set_major_formatter(lambda share, _: f"{100 * share:g}")
            axis.set_minor_locator(ticker.NullLocator())
        axes.set(xlabel="false alarms, %", ylabel="misses, %", aspect="equal")
        axes.set_xlim(0.8 * least[0], _MOST)
        axes.set_ylim(0.8 * least[1], _MOST)
        axes.legend(frameon=False)
    return axes


def draw_timelines(
    path: str | os.PathLike[str],
    annotations: Sequence[Annotation],
    *,
    durations: Mapping[str, float] | None = None,
) -> None:
    """Draw recordings one under the other into a file, ``.svg``, ``.png`` or ``.pdf``.

    Parameters
    ----------
    path : path
    annotations : sequence of Annotation
        At least one.
    durations : mapping of str to float, optional
        Seconds of audio, by name of recording.

    Raises
    ------
    ParameterError
        If the file is of another kind, or there is no annotation.
    MissingExtraError
        If matplotlib is missing.
    """
    found = check_listed(annotations, "annotations", "Annotation")
    if not found:
        raise ParameterError("annotations are empty, expected at least one")
    heights = [_height(annotation) for annotation in found]
    with _matplotlib().rc_context(STYLE):
        figure = _figure(9, sum(heights))
        panels = figure.subplots(len(found), squeeze=False, height_ratios=heights)[:, 0]
    for annotation, axes in zip(found, panels, strict=True):
        plot_timeline(annotation, axes=axes, duration=(durations or {}).get(annotation.recording))
    save_plot(figure, path)


def save_plot(plot: Figure | Axes, path: str | os.PathLike[str]) -> None:
    """Write a figure, or that of axes, to a file; the same figure gives the same bytes.

    Parameters
    ----------
    plot : matplotlib Figure or Axes
    path : path
        ``.svg``, ``.png`` or ``.pdf``; it appears only when it is complete.

    Raises
    ------
    ParameterError
        If the file is of another kind.
    """
    file = check_plot_path(path)
    kind = file.suffix.lower()
    figure: Any = getattr(plot, "figure", plot)
    with replacing(file) as temporary, _matplotlib().rc_context(STYLE):
        figure.savefig(
            temporary, format=kind[1:], dpi=150, bbox_inches="tight", metadata=_METADATA[kind]
        )


def check_plot_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a plot, if it is of a kind that can be drawn.

    Raises
    ------
    ParameterError
        If it is not.
    MissingExtraError
        If matplotlib is missing.
    """
    file = Path(check_path(path, "path"))
    if file.suffix.lower() not in _METADATA:
        raise ParameterError(f"{file}: plots are {', '.join(_METADATA)}. Give such a file")
    _matplotlib()
    return file


def _matplotlib(module: str = "") -> Any:
    try:
        return import_module(f"matplotlib.{module}" if module else "matplotlib")
    except ImportError as error:
        raise MissingExtraError(
            'plots are drawn by matplotlib, which is not installed: pip install "trfast[plot]"'
        ) from error


def _figure(width: float, height: float) -> Figure:
    """A figure that no window shows and no global list holds."""
    figure: Figure = _matplotlib("figure").Figure(figsize=(width, height), layout="constrained")
    return figure


def _height(annotation: Annotation) -> float:
    """Inches."""
    return 0.9 + 0.32 * max(1, len(annotation.speakers))


def _text(name: str) -> str:
    """A name that matplotlib takes for no formula, and can write."""
    return writable(name).replace("$", r"\$")


def _deviate(share: npt.ArrayLike) -> Any:
    """Normal deviate of a share; 0 and 1 lie just off every plot."""
    return scipy.special.ndtri(np.clip(share, 1e-6, 1 - 1e-6))


def _thinned(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Any:
    """Points of a curve that a plot can tell apart: a million trials are no larger file."""
    places = np.round(np.stack([_deviate(x), _deviate(y)]), 2)
    keep = np.append(True, (np.diff(places) != 0).any(axis=0))
    return x[keep], y[keep]
