"""Fixtures: where the shared data lies."""

import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

SHARED = Path(__file__).parents[2] / "shared"


def _need(path: Path) -> Path:
    if not path.is_dir():
        pytest.skip(f"needs the shared data folder {path.name!r} beside the checkout")
    return path


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder with inputs and outputs of independent implementations."""
    return _need(SHARED / "golden")


@pytest.fixture(scope="session")
def collections() -> Path:
    """Folder with the collections of real speech."""
    return _need(Path(os.environ.get("TRFAST_COLLECTIONS", SHARED / "collections")))
