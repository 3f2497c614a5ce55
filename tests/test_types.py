"""Types: mypy finds names that are none, and own parts that are no parts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import trfast

SNIPPET = """
import numpy as np
import trfast
from trfast.model import ClusteringConfig
from trfast.scoring import Backend
from trfast.training import TrainingConfig

class Score:
    def similarity(self, a: np.ndarray, b: np.ndarray, /) -> np.ndarray:
        return a @ b.T

model = trfast.load_model()
model.within("plda", "cc")
model.within("bogus")  # wrong
model.across(clustering="kmeans")  # wrong
trfast.Comparison(threshold=0.5, clustering="ward")  # wrong
trfast.Diarizer(detector="ears")  # wrong
trfast.Diarizer(detector="energy")
ClusteringConfig(backend="bogus")  # wrong
TrainingConfig(backends=("cosine", "bogus"))  # wrong
Backend(name="mine", estimator=Score())
Backend(name="mine", estimator=3)  # wrong
for name in model.backends:
    model.thresholds(name)
"""


@pytest.mark.slow
def test_mypy_finds_what_is_wrong(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed: trfast[lint]")
    (tmp_path / "snippet.py").write_text(SNIPPET)
    where = str(Path(trfast.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "snippet.py"],
        cwd=tmp_path,
        env={"MYPYPATH": where, "PATH": "", "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(line) for line in re.findall(r"snippet.py:(\d+): error", done.stdout)}
    lines = enumerate(SNIPPET.splitlines(), 1)
    assert found == {k for k, line in lines if line.endswith("# wrong")}, done.stdout
