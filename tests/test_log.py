"""The logger: silent by default; what failed and what linked is on it."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import FakeDiarizer, FakeModel
from trfast import Collection, Comparison, Job
from trfast._log import log

SCRIPT = """
import sys
import logging
import trfast
if sys.argv[1:] == ["loud"]:
    logging.basicConfig(level="INFO", format="%(name)s %(levelname)s %(message)s")
with trfast.Collection(":memory:") as collection:
    collection.add_all(["gone.wav"], jobs=1)
"""


@pytest.mark.parametrize("words", [[], ["loud"]])
def test_silent_unless_it_is_set_up(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = "trfast WARNING recording gone failed: gone.wav does not exist. Check the path."
    assert done.stderr.split("\n")[:-1] == [expected] * bool(words)
    assert done.stdout == ""


def test_what_is_kept_failed_and_linked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="trfast")
    (tmp_path / "one.wav").write_text("ann:3 ben:2")
    model = FakeModel()
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add_all(
            [Job("one", tmp_path / "one.wav"), Job("gone", tmp_path / "gone.wav")],
            diarizer=FakeDiarizer(),
            jobs=1,
        )
        collection.link(model, comparison=Comparison(threshold=0.5))
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    kept = "kept <Diarization of 'one': 6.0 s, 2 turns, 2 speakers>, diarized in "
    assert {record.name for record in caplog.records} == {"trfast"}
    assert any(level == "INFO" and text.startswith(kept) for level, text in said)
    assert ("WARNING", "recording gone failed: gone.wav: no such file") in said
    assert said[-1][1].startswith(f"{tmp_path}/c.sqlite: linked all by Comparison(threshold=0.5")


def test_a_name_that_is_no_unicode_can_be_written(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("%s failed", "caf\udce9.wav")
    assert caplog.messages == ["caf\\udce9.wav failed"]
