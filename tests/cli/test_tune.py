"""trfast tune: a model file, what is printed, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.small import small_model, write_collection
from trfast.cli import main
from trfast.clustering import CLUSTERINGS
from trfast.model import load_model
from trfast.scoring.backend import BACKENDS
from trfast.training.labelled import LabelledCollection
from trfast.training.tuning import tune_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_collection(tmp_path_factory.mktemp("labelled") / "voices")
    small_model().save(path / "model")
    return path


def call(folder: Path, output: Path, *options: str, status: int = 0) -> Result:
    words = [
        "tune", str(folder), "-o", str(output), f"--model={folder / 'model'}", "--jobs=1", *options
    ]  # fmt: skip
    result = CliRunner().invoke(main, words, prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def test_json_and_the_model_are_as_from_python(folder: Path, tmp_path: Path) -> None:
    result = call(folder, tmp_path / "tuned", "--json", "--quiet")
    printed = json.loads(result.stdout)
    tuning = tune_model(small_model(), LabelledCollection.read(folder), jobs=1)
    model = load_model(tmp_path / "tuned")
    assert model.content_hash == tuning.model.content_hash != small_model().content_hash
    assert printed["default"] == {
        "backend": model.clustering.backend,
        "clustering": model.clustering.clustering,
    }
    assert tuple(printed["backends"]) == BACKENDS
    for name, found in printed["backends"].items():
        assert (found["collection"], found["recordings"]) == ("voices", 4)
        for kind in CLUSTERINGS:
            tuned, errors = tuning.errors[name][kind], found["clusterings"][kind]
            assert errors["thresholds"]["within"] == tuned.thresholds.within
            assert errors["thresholds"]["across"] == tuned.thresholds.across
            assert (errors["i_der"], errors["x_der"]) == (tuned.i_der, tuned.x_der)
        scores = tuning.scores[name]
        assert found["histogram"]["targets"] == scores.histogram.targets.tolist()
        assert sum(found["histogram"]["others"]) == 54
        assert len(found["histogram"]["edges"]) == 21
        assert found["least_cost_threshold"] in (scores.threshold, None)
        if scores.calibration is None:
            assert found["calibration"] is None
        else:
            assert found["calibration"] == {
                "slope": scores.calibration.slope_,
                "offset": scores.calibration.offset_,
            }


def test_a_table_and_the_scores_of_the_default(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "tuned"
    result = call(folder, path, "--backend=lda", "--backend=plda", "--keep-default")
    model = load_model(path)
    assert model.clustering == small_model().clustering
    lines = [line for line in result.stdout.splitlines() if line.strip() and "──" not in line]
    assert lines[0] == f"{path}: thresholds of 4 recordings"
    made = model.provenance["tuned"]
    expected = [
        [
            name,
            kind,
            f"{found['thresholds']['within']:.4g}",
            f"{found['thresholds']['across']:.4g}",
            f"{100 * found['i_der']:.2f}",
            f"{100 * found['x_der']:.2f}",
        ]
        for name in ("lda", "plda")
        for kind, found in made[name]["clusterings"].items()
    ]
    assert [line.split() for line in lines[2:8]] == expected
    assert lines[8].startswith("These errors are too good: the thresholds were set on the same")
    # The scores of the first that was.
    assert lines.pop(9) == "The default back-end, cosine, was not tuned."
    assert lines[9].split() == ["Score", "(lda)", "12", "target", "54", "other"]
    counts = [int(word) for line in lines[10:] for word in line.split()[1:] if "#" not in word]
    assert len(lines[10:]) == 20
    assert sum(counts) == 66


def test_the_default_is_starred_and_its_scores_shown(folder: Path, tmp_path: Path) -> None:
    shown = call(folder, tmp_path / "tuned").stdout
    default = load_model(tmp_path / "tuned").clustering
    (starred,) = [line.split()[:2] for line in shown.splitlines() if " * " in line]
    assert starred == [default.backend, default.clustering]
    assert f"Score ({default.backend})" in shown


def test_quiet_prints_nothing(folder: Path, tmp_path: Path) -> None:
    assert call(folder, tmp_path / "tuned", "--backend=cosine", "--quiet").output == ""
    assert load_model(tmp_path / "tuned").provenance["tuned"].keys() == {"cosine"}


def test_what_cannot_be_tuned(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "tuned"
    missing = call(tmp_path / "none", path, "--model=none", status=1).stderr
    assert "a labelled collection is a folder" in missing
    assert "no such model file" in call(folder, path, "--model=none", status=1).stderr
    assert "Missing option '-o'" in CliRunner().invoke(main, ["tune", str(folder)]).stderr
    assert not path.exists()
