"""Diarization error against pyannote.metrics and NIST's md-eval on VoxConverse, 232 files."""

import json
import re
import warnings
from pathlib import Path

import pytest

from trfast.annotation import Annotation, Timeline
from trfast.evaluation import ErrorTimes, cluster_quality, diarization_error
from trfast.formats import read_rttm, to_pyannote

Collection = dict[str, Annotation]


@pytest.fixture(scope="module")
def reference(golden: Path) -> Collection:
    return read_rttm(golden / "vox_test_ref.rttm")


@pytest.fixture(scope="module")
def hypothesis(golden: Path) -> Collection:
    return read_rttm(golden / "vox_test_hyp.rttm")


def as_pyannote(times: ErrorTimes) -> dict[str, float]:
    return {
        "total": times.scored,
        "missed detection": times.missed,
        "false alarm": times.false_alarm,
        "confusion": times.speaker_error,
        "correct": times.scored - times.missed - times.speaker_error,
        "diarization error rate": times.error_rate,
    }


@pytest.mark.parametrize(
    ("file", "collar", "skip_overlap"),
    [("vox_der_pyannote.json", 0.0, False), ("vox_der_pyannote_nist.json", 0.25, True)],
)
def test_equals_pyannote_as_stored(
    golden: Path,
    reference: Collection,
    hypothesis: Collection,
    file: str,
    collar: float,
    skip_overlap: bool,
) -> None:
    stored = json.loads((golden / file).read_text())
    score = diarization_error(reference, hypothesis, collar=collar, skip_overlap=skip_overlap)
    assert score.error_rate == pytest.approx(stored["global"], rel=1e-9)
    assert score.recordings.keys() == stored["files"].keys()
    for name, expected in stored["files"].items():
        assert as_pyannote(score.recordings[name]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def pyannote_times(
    reference: Annotation, hypothesis: Annotation, *, collar: float, skip_overlap: bool
) -> dict[str, float]:
    metrics = pytest.importorskip("pyannote.metrics.diarization")
    # Their collar is the width of both sides together.
    metric = metrics.DiarizationErrorRate(collar=2 * collar, skip_overlap=skip_overlap)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it takes the union of extents: so do we
        return dict(metric(to_pyannote(reference), to_pyannote(hypothesis), detailed=True))


# The full set takes pyannote.metrics several seconds; every eighth file a moment.
@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("collar", "skip_overlap"), [(0.25, False), (0.0, True)])
def test_equals_pyannote_as_installed(
    reference: Collection,
    hypothesis: Collection,
    collar: float,
    skip_overlap: bool,
    step: int,
) -> None:
    score = diarization_error(reference, hypothesis, collar=collar, skip_overlap=skip_overlap)
    for name in list(score.recordings)[::step]:
        expected = pyannote_times(
            reference[name], hypothesis[name], collar=collar, skip_overlap=skip_overlap
        )
        assert as_pyannote(score.recordings[name]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("collar", "skip_overlap"), [(0.0, False), (0.25, False), (0.0, True), (0.25, True)]
)
def test_cluster_quality_equals_pyannote(
    reference: Collection,
    hypothesis: Collection,
    collar: float,
    skip_overlap: bool,
    step: int,
) -> None:
    metrics = pytest.importorskip("pyannote.metrics.diarization")
    names = list(reference)[::step]
    quality = cluster_quality(
        {name: reference[name] for name in names},
        hypothesis,
        collar=collar,
        skip_overlap=skip_overlap,
    )
    jaccard = metrics.JaccardErrorRate(collar=2 * collar, skip_overlap=skip_overlap)
    purity, coverage = metrics.DiarizationPurity(), metrics.DiarizationCoverage()
    for name in names:
        ref, hyp = to_pyannote(reference[name]), to_pyannote(hypothesis[name])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            error = jaccard(ref, hyp)
            # Their purity and coverage know neither collar nor overlap: cut them out before.
            cut = jaccard.uemify(ref, hyp, collar=2 * collar, skip_overlap=skip_overlap)
        rates = quality.recordings[name]
        assert rates.purity == pytest.approx(purity(*cut), rel=1e-9)
        assert rates.coverage == pytest.approx(coverage(*cut), rel=1e-9)
        # In one recording, two reference speakers have as much time in common with one of the
        # hypothesis, 1.188 s: either can be mapped.
        if (name, collar, skip_overlap) != ("qlrry", 0.25, False):
            assert rates.jaccard_error_rate == pytest.approx(error, rel=1e-9)
    assert quality.total.purity == pytest.approx(abs(purity), rel=1e-9)
    assert quality.total.coverage == pytest.approx(abs(coverage), rel=1e-9)


def test_pyannote_counts_overlapping_turns_of_one_label_twice() -> None:
    reference = Annotation("show", [(0, 10, "A"), (4, 12, "A")])
    expected = pyannote_times(reference, reference, collar=0.0, skip_overlap=False)
    assert expected["total"] == 18
    merged = Annotation("show", [(0, 12, "A")])
    expected = pyannote_times(merged, merged, collar=0.0, skip_overlap=False)
    score = diarization_error({"show": reference}, {"show": reference}, collar=0)
    assert as_pyannote(score.total) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("file", "collar", "skip_overlap"),
    [
        ("vox_mdeval_c0.txt", 0.0, False),
        ("vox_mdeval_c025.txt", 0.25, False),
        ("vox_mdeval_c025_1.txt", 0.25, True),
    ],
)
def test_equals_md_eval_as_printed(
    golden: Path,
    reference: Collection,
    hypothesis: Collection,
    file: str,
    collar: float,
    skip_overlap: bool,
) -> None:
    # Where md-eval differs: without UEM it scores the extent of the reference, and it maps
    # speakers on that before it takes out collars and overlap.
    uem = {name: Timeline([(a.turns[0].start, extent_end(a))]) for name, a in reference.items()}
    mapping = diarization_error(reference, hypothesis, uem=uem, collar=0).mapping
    score = diarization_error(
        reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip_overlap, mapping=mapping
    )
    printed = (golden / file).read_text()
    assert mdeval(printed, "SCORED SPEAKER TIME") == f"{score.total.scored:.6f}"
    assert mdeval(printed, "MISSED SPEAKER TIME") == f"{score.total.missed:.6f}"
    assert mdeval(printed, "FALARM SPEAKER TIME") == f"{score.total.false_alarm:.6f}"
    assert mdeval(printed, "SPEAKER ERROR TIME") == f"{score.total.speaker_error:.6f}"
    assert mdeval(printed, " OVERALL SPEAKER DIARIZATION ERROR") == f"{100 * score.error_rate:.2f}"


def extent_end(annotation: Annotation) -> float:
    return max(turn.end for turn in annotation)


def mdeval(printed: str, name: str) -> str:
    found = re.search(rf"^{name} *= *([0-9.]+)", printed, re.MULTILINE)
    assert found, name
    return found[1]


def test_across_recordings_equals_one_long_recording(
    reference: Collection, hypothesis: Collection
) -> None:
    names = list(reference)[:60]

    def end_to_end(annotations: Collection) -> Collection:
        turns = [
            (turn.start + 10_000 * k, turn.end + 10_000 * k, turn.speaker)
            for k, name in enumerate(names)
            for turn in annotations[name]
        ]
        return {"all": Annotation("all", turns)}

    score = diarization_error(
        {name: reference[name] for name in names}, hypothesis, across_recordings=True
    )
    joined = diarization_error(end_to_end(reference), end_to_end(hypothesis))
    assert as_pyannote(score.total) == pytest.approx(as_pyannote(joined.total), rel=1e-9)
    assert len(score.unscored) == 232 - 60
