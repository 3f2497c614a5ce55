"""Training, tuning and verifying on an executor: the same model; workers return, and write
nothing."""

from __future__ import annotations

from pathlib import Path

from tests.fakes import Sending
from tests.small import CONFIG
from trfast.model import ModelBundle
from trfast.training import train
from trfast.training.labelled import LabelledCollection
from trfast.training.tuning import tune_model


def test_the_same_model_and_workers_do_not_know_where_it_is_written(
    folder: Path, complete: ModelBundle, tmp_path: Path
) -> None:
    collection, executor = LabelledCollection.read(folder), Sending(tmp_path / "stages")
    model = train(collection, stages=tmp_path / "stages", config=CONFIG, executor=executor, jobs=1)
    assert model.content_hash == complete.content_hash
    # Four recordings: features, scenes, varied copies, units; held back by four quarters, in two
    # ways. Then thresholds, of each back-end.
    assert executor.n_calls == 4 * (4 + 4 * 2) + len(CONFIG.backends)


def test_the_same_thresholds(folder: Path, complete: ModelBundle, tmp_path: Path) -> None:
    collection, executor = LabelledCollection.read(folder), Sending(tmp_path / "stages")
    found = tune_model(complete, collection, executor=executor)
    assert found.model.content_hash == tune_model(complete, collection, jobs=1).model.content_hash
    assert executor.n_calls == 4
