"""trfast verify: the numbers, and where they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.small import small_model, write_collection
from trfast.cli import main
from trfast.evaluation import equal_error_rate, minimum_dcf
from trfast.formats import read_rttm
from trfast.scoring.backend import BACKENDS
from trfast.training import frames_of, reference_vectors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_collection(tmp_path_factory.mktemp("labelled") / "voices")
    model = small_model()
    model.save(path / "model")
    replace(model, backends={"lda": model.backends["lda"]}).save(path / "lda-only")
    return path


def call(folder: Path, *options: str, status: int = 0) -> Result:
    words = ["verify", str(folder), *options]
    result = CliRunner().invoke(main, words, prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def test_json_equals_the_way_by_hand(folder: Path) -> None:
    printed = json.loads(call(folder, f"--model={folder / 'model'}", "--json", "--jobs=2").stdout)
    model, reference = small_model(), read_rttm(folder / "ref.rttm")
    frames = {
        name: frames_of(folder / "audio" / f"{name}.wav", model.mfcc)[0] for name in reference
    }
    found = reference_vectors(frames, reference, model.embedder, model.mfcc)
    i, j = np.triu_indices(12, 1)
    speakers = np.array(found.speakers)
    labels = speakers[i] == speakers[j]
    assert printed["vectors"] == 12  # three speakers in each of four shows
    assert printed["target_pairs"] == labels.sum() == 12
    assert printed["non_target_pairs"] == 54
    assert tuple(printed["backends"]) == BACKENDS
    for name, errors in printed["backends"].items():
        backend = model.backend(name)
        scores = backend.similarity(backend.project(found.vectors))[i, j]
        assert errors == {
            "eer": pytest.approx(equal_error_rate(scores, labels)),
            "min_dcf": pytest.approx(minimum_dcf(scores, labels)),
        }


def test_a_row_a_back_end(folder: Path) -> None:
    options = (f"--model={folder / 'model'}", "--jobs=1")
    errors = json.loads(call(folder, *options, "--json").stdout)["backends"]
    shown = call(folder, *options, "--backend=plda", "--backend=lda").stdout.splitlines()
    assert [line.split() for line in shown[1:3]] == [
        [name, f"{100 * errors[name]['eer']:.2f}", f"{errors[name]['min_dcf']:.3f}"]
        for name in ("plda", "lda")
    ]
    assert shown[3:] == [
        "12 target and 54 non-target pairs of 12 vectors, one a speaker a recording"
    ]


def test_only_what_the_model_has(folder: Path) -> None:
    options = (f"--model={folder / 'lda-only'}", "--jobs=1")
    assert list(json.loads(call(folder, *options, "--json").stdout)["backends"]) == ["lda"]
    result = call(folder, *options, "--backend=plda", status=1)
    assert "the model has no back-end 'plda' (it has lda)" in result.stderr


def test_a_folder_that_is_no_collection(tmp_path: Path) -> None:
    assert "a labelled collection is a folder" in call(tmp_path / "none", status=1).stderr


def test_a_recording_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    for name in read_rttm(folder / "ref.rttm"):
        (tmp_path / "audio" / f"{name}.wav").write_bytes(b"RIFF")
    (tmp_path / "ref.rttm").write_bytes((folder / "ref.rttm").read_bytes())
    assert "trfast: error: " in call(tmp_path, "--jobs=1", status=1).stderr


def test_det_curves_are_drawn(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: trfast[plot]")
    call(folder, f"--model={folder / 'lda-only'}", "--jobs=1", f"--det={tmp_path / 'det.svg'}")
    assert "lda: EER" in (tmp_path / "det.svg").read_text()
