"""The sound of a recording for a page: a file beside it, or MP3 inside it."""

from __future__ import annotations

import base64
import io
import os
from urllib.parse import quote

import soundfile

from trfast._checks import check_not_negative
from trfast.audio import SAMPLE_RATE, stream
from trfast.errors import TrfastError

# MP3 is what every browser plays; at a constant rate, it finds a time in it, too.
_COMPRESSION = 0.9  # of 0 to 1: 24 kbit/s at 16 kHz
_BYTES_PER_SECOND = 3000 * 4 / 3  # in base64


class Embedded:
    """The sound that goes into a page, as long as there is room.

    Parameters
    ----------
    megabytes : float
        Room for all of it, as it stands in the page: 10^6 bytes each.

    Attributes
    ----------
    left_out : dict of str to str
        Recordings whose sound is not in the page, and why.
    """

    def __init__(self, megabytes: float) -> None:
        self._megabytes = check_not_negative(megabytes, "embed_limit")
        self._left = 1e6 * megabytes
        self.left_out: dict[str, str] = {}

    def base64(self, recording: str, source: str | os.PathLike[str], duration: float) -> str | None:
        """Return a recording as MP3, in letters; None if there is no room, or it cannot be read."""
        size = duration * _BYTES_PER_SECOND
        if size > self._left:
            self.left_out[recording] = (
                f"{size / 1e6:.2g} MB do not fit in what is left of the {self._megabytes:g} MB for"
                " sound (embed_limit, --embed-limit)"
            )
            return None
        try:
            found = base64.b64encode(as_mp3(source)).decode()
        except (TrfastError, OSError) as error:
            self.left_out[recording] = str(error)
            return None
        self._left -= len(found)
        return found


def as_mp3(source: str | os.PathLike[str]) -> bytes:
    """Return the mean of all channels as MP3 of 16 kHz and 24 kbit/s."""
    encoded = io.BytesIO()
    with soundfile.SoundFile(
        encoded,
        "w",
        SAMPLE_RATE,
        1,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=_COMPRESSION,
    ) as file:
        for block in stream(source):
            file.write(block)
    return encoded.getvalue()


def beside(source: str | os.PathLike[str], page: str | os.PathLike[str]) -> str | None:
    """Return the address of a file as seen from a page, if the two lie side by side.

    That is in the folder that holds the page's folder, or below: what lies elsewhere is not where
    the page looks for it once both are moved, and its path is nobody's business.

    Examples
    --------
    >>> beside("/shows/archive/news 1.opus", "/shows/found/collection.html")
    '../archive/news%201.opus'
    >>> beside("/elsewhere/news.opus", "/shows/found/collection.html") is None
    True
    """
    folder = os.path.dirname(os.path.abspath(page))
    try:
        path = os.path.relpath(os.path.abspath(source), folder)
    except ValueError:  # another drive
        return None
    parts = path.split(os.sep)
    if parts[:2] == [os.pardir, os.pardir]:
        return None
    return "/".join(quote(os.fsencode(part), safe="") for part in parts)
