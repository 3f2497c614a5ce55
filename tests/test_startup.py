"""What a process loads before it can work: counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples" / "audio"
# Modules of Python, NumPy, SciPy's BLAS, readers of audio, and trfast: about 470.
MOST = 560


def loaded(program: str) -> set[str]:
    """Return the modules that a new process has after a program."""
    told = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


@pytest.fixture(scope="module")
def diarizing() -> set[str]:
    example = str(EXAMPLES / "show-1.opus")
    return loaded(f"from trfast import diarize\nassert len(diarize({example!r}).speakers)")


def test_diarizing_loads_no_scikit_learn(diarizing: set[str]) -> None:
    assert packages(diarizing) & {"sklearn", "pandas", "joblib", "pyarrow", "matplotlib"} == set()


def test_diarizing_loads_of_scipy_its_blas(diarizing: set[str]) -> None:
    there = {name for name in diarizing if name.startswith("scipy.") and "._" not in name}
    assert there <= {"scipy.linalg.cython_blas", "scipy.version"}


def test_diarizing_loads_few_modules(diarizing: set[str]) -> None:
    assert len(diarizing) <= MOST


def test_running_loads_no_scikit_learn(tmp_path: Path) -> None:
    arguments = ["run", str(EXAMPLES), "-o", str(tmp_path), "--jobs", "1", "--quiet"]
    modules = loaded(f"from trfast.cli import main\nmain({arguments!r}, standalone_mode=False)")
    assert packages(modules) & {"sklearn", "pandas", "joblib", "matplotlib"} == set()


def test_the_help_loads_no_numpy() -> None:
    program = "from trfast.cli import main\nmain(['--help'], standalone_mode=False)"
    assert packages(loaded(program)) & {"numpy", "scipy", "sklearn"} == set()


def test_all_of_scipy_works_beside_the_blas_that_came_alone() -> None:
    loaded(
        "import trfast._ext._gmm, sys\n"
        "assert 'scipy.linalg' not in sys.modules\n"
        "import numpy, scipy.linalg, sklearn.cluster\n"
        "from scipy.linalg import cython_blas\n"
        "assert cython_blas.__pyx_capi__\n"
        "assert (scipy.linalg.solve(2 * numpy.eye(2), [2, 4]) == [1, 2]).all()\n"
        "sklearn.cluster.KMeans(2, n_init=1).fit(numpy.eye(4))"
    )
