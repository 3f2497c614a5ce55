"""The bar of the verbs that diarize."""

from __future__ import annotations

import io
import re
import sys

import pytest

from trfast.cli._progress import Watch
from trfast.execution import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, quiet: bool) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with Watch(quiet=quiet) as watch:
        for seconds in (900.0, 1800.0):
            watch.progress(Progress("a", None, 7, 2, 1, seconds, 7200.0))
            watch._bar.refresh()
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())


def test_audio_time_left_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(Terminal(), monkeypatch, quiet=False)
    assert "2 of 7 recordings, 1 failed" in text
    assert re.search(r"0:30:00 of 2:00:00 of audio, left: \d:\d\d:\d\d", text)


@pytest.mark.parametrize(("stream", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_nothing_if_quiet_or_no_terminal(
    stream: io.StringIO, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(stream, monkeypatch, quiet=quiet) == ""
