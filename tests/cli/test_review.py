"""trfast review: its options, and what it needs. tests/review/test_browser.py runs it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.review.small import small_collection
from trfast.cli import main
from trfast.collection import Collection


def call(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["review", *map(str, words)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_collection(tmp_path, "imported:tones")
    return tmp_path


def test_nothing_of_a_server_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys, trfast.cli.review, trfast.review, trfast.collection\n"
        "print([name for name in ('starlette', 'uvicorn', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_without_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert 'pip install "trfast[review]"' in call(folder, status=1)


def test_options(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("starlette", reason="needs trfast[review]")
    pytest.importorskip("uvicorn", reason="needs trfast[review]")
    given: dict[str, Any] = {}

    def serve(review: Any, **options: Any) -> None:
        given.update(options, by=review._by, threshold=review._comparison.threshold)
        with Collection(folder / "collection.sqlite") as collection:
            collection.corrections.rename("speaker-0001", "Ann")

    monkeypatch.setattr("trfast.review.server.serve", serve)
    with Collection(folder / "collection.sqlite") as collection:
        collection.to_rttm(folder / "collection.rttm")
    call(folder, "--threshold", 0.4, "--port", 8765, "--by", "me", "--no-browser")
    del given["started"]
    assert given == {"port": 8765, "open_browser": False, "by": "me", "threshold": 0.4}
    assert " Ann " in (folder / "collection.rttm").read_text()


def test_what_cannot_be(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="needs trfast[review]")
    pytest.importorskip("uvicorn", reason="needs trfast[review]")
    assert "no such collection" in call(tmp_path / "nothing", status=1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} cannot be had" in call(folder, "--port", port, status=1)
