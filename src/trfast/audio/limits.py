"""How much sound a file may hold: a small one that claims, or makes up, days of it is refused."""

from __future__ import annotations

from trfast.errors import AudioError

SECONDS_ANY = 3600
"""Seconds that a file of any size may hold."""

SECONDS_A_BYTE = 0.1
"""Seconds that it may hold besides for each of its bytes: far more than any codec needs."""

LONGEST_GAPS = 6 * 3600
"""Seconds of silence that are put, in all, where time stamps leave gaps."""


def check_length(name: str, seconds: float, size: int, *, says: bool = True) -> None:
    """Raise an error if a file has more sound than `SECONDS_ANY` and `SECONDS_A_BYTE` allow."""
    most = SECONDS_ANY + SECONDS_A_BYTE * size
    if seconds > most:
        found = f"says that it holds {seconds:,.0f} s" if says else f"gives {seconds:,.0f} s"
        raise AudioError(
            f"{name} {found} of sound in {size:,} bytes, expected at most {most:,.0f} s"
            " (SECONDS_ANY and SECONDS_A_BYTE of trfast.audio): its header is damaged or made up."
            " Write it again with true time stamps."
        )


def check_gaps(name: str, seconds: float, at: float) -> None:
    """Raise an error if gaps, with the one before `at`, are longer than `LONGEST_GAPS`."""
    if seconds > LONGEST_GAPS:
        raise AudioError(
            f"{name} has gaps of {seconds:,.0f} s in all up to {at:,.0f} s, expected at most"
            f" {LONGEST_GAPS:,} s of silence to fill in (LONGEST_GAPS of trfast.audio): its time"
            " stamps are damaged or jump. Split it there, or write it again with true time stamps."
        )
