"""How far a recording is, in seconds of its audio."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from trfast._listening import Tell

COSTS = {"audio": 1.5, "detector": 8.0, "windows": 1.0, "network": 40.0, "hybrid": 3.0, "rest": 1.0}
"""Seconds of CPU that an hour of audio took, about, in each pass over it: decoding and features
(``audio``), with an `OnnxDetector` that hears it as well, and so on; and in all after them."""


class Headway:
    """Adds up how far the passes over a recording are, each by its share of the work.

    Parameters
    ----------
    tell : callable
        Called with seconds done, which never go back, and in all.
    duration : float
        Seconds of audio, as the file says; NaN, if it does not, tells nothing.
    costs : mapping of str to float
        Of the passes, in any unit.

    Examples
    --------
    >>> headway = Headway(print, 100.0, {"audio": 1.0, "network": 3.0})
    >>> headway("audio", 0.5)
    12.5 100.0
    >>> headway("network", 0.9)
    80.0 100.0
    >>> headway("rest", 1.0)
    100.0 100.0
    """

    def __init__(self, tell: Tell, duration: float, costs: Mapping[str, float]) -> None:
        self._tell, self._duration, self._costs = tell, duration, costs
        self._parts = dict.fromkeys(costs, 0.0)
        self._most = 0.0

    def __call__(self, stage: str, part: float) -> None:
        """Take that so much of a pass, 0 to 1, is done, and with ``rest`` all; other stages count
        for nothing."""
        if stage == "rest":
            self._parts = dict.fromkeys(self._costs, 1.0)
        elif stage in self._parts:
            self._parts[stage] = min(1.0, part)
        else:
            return
        done = sum(self._costs[name] * part for name, part in self._parts.items())
        self._most = max(self._most, self._duration * done / sum(self._costs.values()))
        if isfinite(self._duration):
            self._tell(self._most, self._duration)
