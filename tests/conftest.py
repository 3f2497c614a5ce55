"""Fixtures: where the shared data lies, and the instruction sets of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from trfast import _ext
from trfast.training import recipe

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


@pytest.fixture(params=_ext.instruction_sets())
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each that this machine has: the test runs once on every path of the kernels."""
    former = _ext.use_instruction_set(request.param)
    yield request.param
    _ext.use_instruction_set(former)


@pytest.fixture(autouse=True, scope="session")
def _coarse_thresholds() -> Iterator[None]:
    """Try fewer thresholds, so that the many small trainings of the tests are quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "N_CANDIDATES", 12)
        yield
