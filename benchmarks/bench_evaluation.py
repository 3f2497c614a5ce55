"""Diarization error of VoxConverse (232 recordings, 43 h), beside the peers.

Only the scoring is timed: each has its own objects made from the files beforehand. Reading the
files is timed apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trfast.annotation import Annotation
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm

GOLDEN = Path(__file__).parents[2] / "shared" / "golden"
CONVENTIONS = {"collar-0": (0.0, False), "collar-0.25-no-overlap": (0.25, True)}
Pairs = list[tuple[Annotation, Annotation]]

conventions = pytest.mark.parametrize(
    ("collar", "skip_overlap"), CONVENTIONS.values(), ids=CONVENTIONS
)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    if not GOLDEN.is_dir():
        pytest.skip("needs the shared data folder 'golden' beside the checkout")
    reference, hypothesis = (read_rttm(GOLDEN / f"vox_test_{s}.rttm") for s in ("ref", "hyp"))
    return [(reference[name], hypothesis[name]) for name in reference]


@conventions
@pytest.mark.benchmark(group="diarization error")
def test_trfast(benchmark: Any, pairs: Pairs, collar: float, skip_overlap: bool) -> None:
    reference = {ref.recording: ref for ref, _ in pairs}
    hypothesis = {hyp.recording: hyp for _, hyp in pairs}
    score = benchmark(
        diarization_error, reference, hypothesis, collar=collar, skip_overlap=skip_overlap
    )
    assert round(score.error_rate, 4) == (0.0836 if skip_overlap else 0.1204)


@conventions
@pytest.mark.benchmark(group="diarization error")
def test_spy_der(benchmark: Any, pairs: Pairs, collar: float, skip_overlap: bool) -> None:
    spyder = pytest.importorskip("spyder")
    ref, hyp = (
        {a.recording: [(t.speaker, t.start, t.end) for t in a] for a in side}
        for side in zip(*pairs, strict=True)
    )
    benchmark(spyder.DER, ref, hyp, collar=collar, regions="single" if skip_overlap else "all")


@conventions
@pytest.mark.benchmark(group="diarization error")
def test_pyannote(benchmark: Any, pairs: Pairs, collar: float, skip_overlap: bool) -> None:
    core = pytest.importorskip("pyannote.core")
    metrics = pytest.importorskip("pyannote.metrics.diarization")

    def convert(annotation: Annotation) -> Any:
        converted = core.Annotation(uri=annotation.recording)
        for track, turn in enumerate(annotation):
            converted[core.Segment(turn.start, turn.end), track] = turn.speaker
        return converted

    converted = [(convert(ref), convert(hyp)) for ref, hyp in pairs]

    def score() -> float:
        metric = metrics.DiarizationErrorRate(collar=2 * collar, skip_overlap=skip_overlap)
        for ref, hyp in converted:
            extent = ref.get_timeline().extent() | hyp.get_timeline().extent()
            metric(ref, hyp, uem=core.Timeline([extent]))
        return abs(metric)

    rate = benchmark.pedantic(score, rounds=1, warmup_rounds=0)
    assert round(rate, 4) == (0.0836 if skip_overlap else 0.1204)


@pytest.mark.benchmark(group="read 19,475 lines of RTTM")
def test_read_rttm(benchmark: Any, pairs: Pairs) -> None:
    assert len(benchmark(read_rttm, GOLDEN / "vox_test_ref.rttm")) == len(pairs)
