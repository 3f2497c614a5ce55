"""A client that has the token, on a small collection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeModel
from tests.review.asgi import Client
from tests.review.small import small_collection

PORT, TOKEN = 8000, "secret"
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a collection: Ann is speaker-0001, in a, b and c; Ben 0002; Cat 0003."""
    return small_collection(tmp_path)


@pytest.fixture
def review(file: Path) -> Iterator[Any]:
    """A review of it."""
    pytest.importorskip("starlette", reason="needs trfast[review]")
    from trfast.review import Review

    review = Review(file, model=FakeModel(), by="me")
    yield review
    review.stop()


@pytest.fixture
def stranger(review: Any) -> Client:
    """A client without the token."""
    return Client(review.app(token=TOKEN, port=PORT), {"host": f"127.0.0.1:{PORT}"})


@pytest.fixture
def client(stranger: Client) -> Client:
    """A client that has given it, and asks from the page."""
    assert stranger.get("/", token=TOKEN).status == 303
    stranger.headers["origin"] = HOME
    return stranger
