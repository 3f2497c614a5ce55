"""The paper's studies on a small collection: they run, and their error is that of scored turns."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from benchmarks.paper import _common
from click.testing import CliRunner
from tests.networks import write_network
from tests.small import CONFIG, write_collection

from trfast.diarization import Diarizer
from trfast.evaluation import diarization_error
from trfast.linking import link
from trfast.training import TrainingConfig

pytest.importorskip("matplotlib", reason="matplotlib is not installed: trfast[plot]")
pytestmark = pytest.mark.slow

SMALL = {
    name: getattr(CONFIG, name)
    for name in ("n_components", "ubm_iterations", "rank", "total_variability_iterations")
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    for name in (_common.TRAIN, *_common.TARGETS):
        write_collection(folder / name, n_recordings=8 if name == _common.TRAIN else 4)
    paper = replace(TrainingConfig.paper(), **SMALL, min_class_speech=3.0)
    return _common.Study(
        collections=folder,
        output=folder,
        networks=2,
        epochs=4,
        jobs=1,
        recipes={"paper": paper, "default": replace(CONFIG, augmentation=paper.augmentation)},
    )


@pytest.fixture(scope="module")
def neural_study(study):
    pytest.importorskip("onnxruntime", reason="needs trfast[neural]")
    embedder = write_network(study.output / "network.onnx")
    return replace(study, recipes={"default": TrainingConfig.neural()}, embedder=embedder)


@pytest.mark.parametrize("name", ["cosine", "plda"])
@pytest.mark.parametrize("clustering", ["cc", "hac"])
@pytest.mark.parametrize("vectors", ["study", "neural_study"])
def test_error_is_that_of_scored_turns(request, vectors, name, clustering):
    study = request.getfixturevalue(vectors)
    labelled, material = study.labelled["tv-lcp"], study.material["default", "tv-lcp"]
    model, backend = study.models["default"], study.models["default"].backend(name)
    thresholds = model.thresholds(name, clustering)
    by_segments = None if model.neural else model.within(name, clustering)
    diarizer = Diarizer(model, comparison=by_segments)
    local = [diarizer.cluster(segments) for segments in material.segments]
    links = link(
        backend.project([vector for d in local for vector in d.vectors]),
        [d.recording for d in local for _ in d.speakers],
        model.across(name, clustering),
    )
    names = iter(links.labels.tolist())
    within = {d.recording: d.annotation for d in local}
    across = {
        d.recording: d.annotation.rename({s: str(next(names)) for s in d.speakers}) for d in local
    }

    errors = _common.diarization(study, "default", "tv-lcp", backend, clustering, thresholds)

    for measure, hypothesis in (("i_der", within), ("x_der", across)):
        expected = diarization_error(
            labelled.reference,
            hypothesis,
            skip_overlap=True,
            across_recordings=measure == "x_der",
        )
        assert errors[measure] == pytest.approx(expected.error_rate)


def test_all_studies_write_their_results(study):
    from benchmarks.paper.__main__ import STUDIES, run

    run(study)

    for module in STUDIES:
        name = module.__name__.rpartition(".")[2]
        with open(study.output / f"{name}.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert {"tv-lcp", "tv-bfm"} <= {row.get("target", row.get("collection")) for row in rows}
        assert (study.output / f"{name}.png").exists() == name.startswith("figure")


def test_neural_studies_write_theirs_and_windows_find_the_local_speakers(neural_study):
    from benchmarks.paper import neural

    neural.run(neural_study)

    results = {}
    for name in ("neural-table2", "neural-table3", "neural-figure5", "neural-figure5b"):
        with open(neural_study.output / f"{name}.csv", newline="", encoding="utf-8") as file:
            results[name] = list(csv.DictReader(file))
        assert {row["target"] for row in results[name]} == {"tv-lcp", "tv-bfm"}
    for name in ("neural-figure5", "neural-figure5b"):
        assert (neural_study.output / f"{name}.png").exists()
    rows = results["neural-table3"]
    assert len({(row["target"], row["i_der"]) for row in rows}) == 2
    systems = {(row["backend"], row["recipe"], row["seed"]) for row in rows}
    assert {seed for _, _, seed in systems} == {"0", "1"}
    assert {recipe for name, recipe, _ in systems if name == "tr"} == {"neural", "random start"}


def test_a_page_keeps_what_has_no_results(tmp_path):
    from benchmarks.paper.render import main

    page, results = tmp_path / "page.md", tmp_path / "results"
    results.mkdir()
    (results / "neural-table3.md").write_text("new\n")
    page.write_text("<!-- table3 -->\nold\n<!-- end --> <!-- neural-table3 -->\nold\n<!-- end -->")

    assert CliRunner().invoke(main, [str(results), str(page)]).exit_code == 0

    expected = "<!-- table3 -->\nold\n<!-- end --> <!-- neural-table3 -->\nnew\n<!-- end -->"
    assert page.read_text() == expected


def test_a_watched_network_is_the_one_that_training_fits(study):
    found = []
    study.watch("paper", lambda backend, _: found.append(backend))
    vectors = study.material["paper", "tv-lcp"].vectors.vectors
    expected = study.backend("tr", "paper").project(vectors)
    assert found[-1].project(vectors) == pytest.approx(expected, abs=1e-5)
