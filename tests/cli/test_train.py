"""trfast train: a model file from a folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.small import write_collection
from trfast.cli import main
from trfast.clustering import CLUSTERINGS
from trfast.formats import read_rttm, write_rttm
from trfast.model import load_model
from trfast.scoring.backend import BACKENDS
from trfast.training import TrainingConfig, stages

SMALL = ("--gaussians=8", "--rank=3", "--jobs=1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "voices"
    write_collection(path)
    return path


@pytest.fixture(scope="module")
def strangers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but nobody comes back: the cosine is all that can be trained."""
    path = shutil.copytree(folder, tmp_path_factory.mktemp("labelled") / "strangers")
    annotations = [
        annotation.rename({name: f"{name}-{annotation.recording}" for name in annotation.speakers})
        for annotation in read_rttm(path / "ref.rttm").values()
    ]
    write_rttm(annotations, path / "ref.rttm")
    return path


def call(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["train", *map(str, arguments)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def test_a_model_and_what_it_is_made_of(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.safetensors"
    result = call(folder, "-o", path, *SMALL, "--seed=7")
    model = load_model(path)
    lines = result.stdout.splitlines()
    assert lines[0] == f"{path}: 0.02 h of 4 recordings, 4 speakers (4 classes)"
    assert lines[-1].startswith("Errors of a quarter of the speakers")
    rows = [line.split() for line in lines[:-1] if "%" not in line and "─" not in line][1:]
    found = {tuple(row[:2]): row[2:] for row in rows if row}
    assert list(found) == [(name, kind) for name in BACKENDS for kind in CLUSTERINGS]
    for (name, kind), cells in found.items():
        thresholds = model.thresholds(name, kind)  # type: ignore[arg-type]
        errors = model.provenance["held-back"][name][kind]
        starred = (name, kind) == (model.clustering.backend, model.clustering.clustering)
        assert cells == [
            *["*"] * starred,
            f"{thresholds.within:.4g}",
            f"{thresholds.across:.4g}",
            f"{100 * errors['i_der']:.2f}",
            f"{100 * errors['x_der']:.2f}",
        ]
    assert model.ubm is not None
    assert model.total_variability is not None
    assert (model.ubm.n_components, model.total_variability.rank) == (8, 3)
    assert model.provenance["training"]["seed"] == 7
    assert model.provenance["collection"] == "voices"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_is_left_out_is_said(strangers: Path, tmp_path: Path) -> None:
    result = call(strangers, "-o", tmp_path / "model", *SMALL)
    assert result.stdout.splitlines()[-1] == (
        "Left out wccn, lda, plda, tr: 0 speaker(s) in at least 3 recordings with 3 s in each,"
        " 3 are needed"
    )
    assert list(load_model(tmp_path / "model").backends) == ["cosine"]


def test_stages_are_kept_on_demand_and_used(
    strangers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    assert call(strangers, "-o", path, *SMALL, "--keep-stages", "--quiet").output == ""
    first = load_model(path).content_hash
    assert (tmp_path / "model.stages" / "features.json").exists()
    monkeypatch.setattr(stages, "DiagonalGmm", None)
    call(strangers, "-o", path, *SMALL)
    assert load_model(path).content_hash == first
    assert not (tmp_path / "model.stages").exists()


def test_a_stopped_training_keeps_its_stages(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stages, "DiagonalGmm", stop)
        result = call(folder, "-o", tmp_path / "model", *SMALL, status=130)
    assert result.stderr == "trfast: stopped; what was finished is kept\n"
    assert sorted(file.name.split(".")[0] for file in (tmp_path / "model.stages").iterdir()) == [
        "features",
        "features",
        "scenes",
        "speech",
    ]
    assert not (tmp_path / "model").exists()


def test_the_recipe_of_the_paper(strangers: Path, tmp_path: Path) -> None:
    result = call(strangers, "-o", tmp_path / "model", *SMALL, "--recipe=paper", "--seed=7")
    assert "0 speaker(s) in at least 3 recordings with 10 s in each" in result.stdout
    made = load_model(tmp_path / "model").provenance["training"]
    config = replace(TrainingConfig.paper(seed=7), n_components=8, rank=3, backends=("cosine",))
    assert made == json.loads(json.dumps(asdict(config)))


def test_what_cannot_be_trained_on(folder: Path, tmp_path: Path) -> None:
    result = call(tmp_path / "none", "-o", tmp_path / "model", status=1)
    assert result.stderr.startswith(f"trfast: error: {tmp_path / 'none'}: not found; a labelled")
    result = call(folder, "-o", tmp_path / "model", *SMALL, "--rank=50", status=1)
    assert "48 segments cannot train total variability of rank 50" in result.stderr
    assert not (tmp_path / "model").exists()
    (tmp_path / "file").touch()
    result = call(folder, "-o", tmp_path / "file" / "model", status=1)
    assert result.stderr.endswith("file is a file, expected a folder: give another -o\n")


@pytest.mark.parametrize(
    "option", ["--gaussians=0", "--rank=0", "--recipe=mine", "--seed=-1", "--jobs=0", "--no"]
)
def test_wrong_usage(folder: Path, tmp_path: Path, option: str) -> None:
    assert "Usage: trfast train" in call(folder, "-o", tmp_path / "m", option, status=2).stderr


def test_an_output_is_needed(folder: Path, tmp_path: Path) -> None:
    assert "Missing option '-o'" in call(folder, status=2).stderr
    assert "is a directory" in call(folder, "-o", tmp_path, status=2).stderr
