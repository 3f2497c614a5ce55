"""What the tables of scores share."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from trfast._names import BackendName, ClusteringName

if TYPE_CHECKING:
    from trfast.model import ModelBundle

NAMES_LISTED = 10


def console() -> Console:
    """Return what prints names as they are; a pipe has no width: cut and fold nothing there."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1000)


Errors = Mapping[BackendName, Mapping[ClusteringName, Mapping[str, Any]]]


def table(first: str, headings: Sequence[str]) -> Table:
    """Make a table of a column of names and columns of numbers."""
    made = Table(Column(first, no_wrap=True, overflow="fold"), box=SIMPLE_HEAD, padding=(0, 1))
    for heading in headings:
        made.add_column(heading, justify="right")
    return made


def thresholds(model: ModelBundle, errors: Errors) -> Table:
    """Make a table of the thresholds and errors by back-end and clustering, the default starred."""
    made = table("Back-end", ("Within", "Across", "I-DER %", "X-DER %"))
    default = model.clustering
    for name, kinds in errors.items():
        for kind, rates in kinds.items():
            found = model.thresholds(name, kind)
            made.add_row(
                starred(name, kind, default.backend, default.clustering),
                f"{found.within:.4g}",
                f"{found.across:.4g}",
                percent(rates["i_der"]),
                percent(rates["x_der"]),
            )
    return made


def starred(backend: str, clustering: str, *default: str) -> str:
    """Write a back-end and a clustering, with a star if they are the default."""
    return f"{backend} {clustering}" + " *" * ((backend, clustering) == default)


def percent(fraction: float) -> str:
    """Write a fraction in percent, a dash for NaN."""
    return "-" if math.isnan(fraction) else f"{100 * fraction:.2f}"


def share(seconds: float, scored: float) -> str:
    """Write seconds, and before them what they are of the scored time, in percent."""
    return f"{percent(seconds / (scored or math.nan))} ({seconds:.1f})"


def listed(names: Iterable[str]) -> str:
    """Write the first names, and how many more there are."""
    names = list(names)
    more = len(names) - NAMES_LISTED
    return ", ".join(names[:NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")


def counted(n: int, what: str) -> str:
    """Write how many of something there are, as in 1 turn, 2 turns."""
    return f"{n} {what}{'s' * (n != 1)}"
