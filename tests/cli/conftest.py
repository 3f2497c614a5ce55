"""The verbs that diarize, with the diarizer of `tests.fakes`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from tests.fakes import FakeDiarizer, FakeModel
from trfast.cli import _given, main


@pytest.fixture
def trfast(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `trfast` and check its exit status; `--model X` takes a fake model with hash X."""

    def load(given: _given.Given, *_: object, **__: object) -> tuple[FakeModel, FakeDiarizer]:
        name = str(given.model or "fake")
        return FakeModel(name), FakeDiarizer(name)

    monkeypatch.setattr(_given.Given, "diarizer", load)

    def call(*arguments: object, status: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments], prog_name="trfast")
        assert result.exit_code == status, result.output
        return result

    return call
