"""trfast train: a model file from a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.small import write_collection
from trfast import training
from trfast.cli import main
from trfast.model import load_model

SMALL = ("--gaussians=8", "--rank=3", "--jobs=1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "voices"
    write_collection(path)
    return path


def call(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["train", *map(str, arguments)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def test_a_model_and_what_it_is_made_of(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.safetensors"
    result = call(folder, "-o", path, *SMALL, "--seed=7")
    model = load_model(path)
    within, across = model.thresholds["within"], model.thresholds["across"]
    assert result.stdout == (
        f"{path}: 0.02 h of 4 recordings, 4 speakers (0 classes);"
        f" thresholds {within} within, {across} across recordings\n"
    )
    assert (model.ubm.n_components, model.total_variability.rank) == (8, 3)
    assert model.provenance["training"]["seed"] == 7
    assert model.provenance["collection"] == "voices"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_stages_are_kept_on_demand_and_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    assert call(folder, "-o", path, *SMALL, "--keep-stages", "--quiet").output == ""
    first = load_model(path).content_hash
    assert (tmp_path / "model.stages" / "features.json").exists()
    monkeypatch.setattr(training, "DiagonalGmm", None)
    call(folder, "-o", path, *SMALL)
    assert load_model(path).content_hash == first
    assert not (tmp_path / "model.stages").exists()


def test_a_stopped_training_keeps_its_stages(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training._Training, "_ubm", stop)
        result = call(folder, "-o", tmp_path / "model", *SMALL, status=130)
    assert result.stderr == "trfast: stopped; what was finished is kept\n"
    assert sorted(file.name.split(".")[0] for file in (tmp_path / "model.stages").iterdir()) == [
        "features",
        "features",
        "speech",
    ]
    assert not (tmp_path / "model").exists()


def test_what_cannot_be_trained_on(folder: Path, tmp_path: Path) -> None:
    result = call(tmp_path / "none", "-o", tmp_path / "model", status=1)
    assert result.stderr.startswith(f"trfast: error: {tmp_path / 'none'}: not found; a labelled")
    result = call(folder, "-o", tmp_path / "model", *SMALL, "--rank=50", status=1)
    assert "24 segments cannot train total variability of rank 50" in result.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("option", ["--gaussians=0", "--rank=0", "--seed=-1", "--jobs=0", "--no"])
def test_wrong_usage(folder: Path, tmp_path: Path, option: str) -> None:
    assert "Usage: trfast train" in call(folder, "-o", tmp_path / "m", option, status=2).stderr


def test_an_output_is_needed(folder: Path, tmp_path: Path) -> None:
    assert "Missing option '-o'" in call(folder, status=2).stderr
    assert "is a directory" in call(folder, "-o", tmp_path, status=2).stderr
