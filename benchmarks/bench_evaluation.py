"""Diarization error of VoxConverse (232 recordings, 43 h), beside the peers.

Only the scoring is timed: each has its own objects made from the files beforehand. Reading the
files is timed apart.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks._common import OURS, measure
from trfast.annotation import Annotation
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm

GOLDEN = Path(__file__).parents[2] / "shared" / "golden"
CONVENTIONS = {"DER": (0.0, False), "DER without overlap": (0.25, True)}
Pairs = list[tuple[Annotation, Annotation]]

conventions = pytest.mark.parametrize(
    ("stage", "collar", "skip_overlap"), [(k, *v) for k, v in CONVENTIONS.items()], ids=CONVENTIONS
)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    if not GOLDEN.is_dir():
        pytest.skip("needs the shared data folder 'golden' beside the checkout")
    reference, hypothesis = (read_rttm(GOLDEN / f"vox_test_{s}.rttm") for s in ("ref", "hyp"))
    return [(reference[name], hypothesis[name]) for name in reference]


@conventions
def test_trfast(
    benchmark: Any, pairs: Pairs, stage: str, collar: float, skip_overlap: bool
) -> None:
    reference = {ref.recording: ref for ref, _ in pairs}
    hypothesis = {hyp.recording: hyp for _, hyp in pairs}
    error = partial(diarization_error, collar=collar, skip_overlap=skip_overlap)
    score = measure(benchmark, stage, OURS, error, reference, hypothesis)
    assert round(score.error_rate, 4) == (0.0836 if skip_overlap else 0.1204)


@conventions
def test_spy_der(
    benchmark: Any, pairs: Pairs, stage: str, collar: float, skip_overlap: bool
) -> None:
    spyder = pytest.importorskip("spyder", reason="spy-der is not installed: trfast[peers]")
    ref, hyp = (
        {a.recording: [(t.speaker, t.start, t.end) for t in a] for a in side}
        for side in zip(*pairs, strict=True)
    )
    error = partial(spyder.DER, collar=collar, regions="single" if skip_overlap else "all")
    measure(benchmark, stage, "spy-der", error, ref, hyp)


@pytest.mark.slow
@conventions
def test_pyannote(
    benchmark: Any, pairs: Pairs, stage: str, collar: float, skip_overlap: bool
) -> None:
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

    rate = measure(benchmark, stage, "pyannote.metrics", score)
    assert round(rate, 4) == (0.0836 if skip_overlap else 0.1204)


def test_read_rttm(benchmark: Any, pairs: Pairs) -> None:
    read = measure(benchmark, "RTTM", OURS, read_rttm, GOLDEN / "vox_test_ref.rttm")
    assert len(read) == len(pairs)
