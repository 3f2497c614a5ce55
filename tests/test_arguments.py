"""Wrong arguments: an error of ours each, a line a call, and a word of what it says.

What numbers, names, arrays and the like may be is decided once, in `trfast._checks`; here is that
the public functions ask there.
"""

# mypy: disable-error-code="arg-type, list-item, dict-item"

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from tests.fakes import diarization
from trfast import (
    Annotation,
    Collection,
    Comparison,
    Diarizer,
    Job,
    Segment,
    Timeline,
    Turn,
    Waveform,
    link,
    load_model,
    read_rttm,
    write_rttm,
)
from trfast._checks import check_finite, check_integer, check_matrix
from trfast.annotation import check_timeline
from trfast.audio import find_audio, load, name_recordings, probe, stream
from trfast.clustering import (
    complete_linkage,
    complete_linkage_of_edges,
    complete_linkage_of_scores,
    connected_components,
    constrained_components,
)
from trfast.embedding import (
    DiagonalGmm,
    IvectorEmbedder,
    NormalizationConfig,
    TotalVariability,
    segment_frames,
)
from trfast.errors import AudioError, ParameterError, ParameterTypeError, TrfastError
from trfast.evaluation import diarization_error, minimum_dcf, one_to_one, oracle_linking
from trfast.execution import map_recordings
from trfast.features import (
    Fbank,
    FbankConfig,
    Mfcc,
    MfccConfig,
    deltas,
    frames_to_seconds,
    segment_normalization,
    sliding_normalization,
    timeline_to_frames,
)
from trfast.linking import link_centred
from trfast.scoring import (
    Centering,
    EigenFactorRadial,
    Lda,
    LengthNorm,
    LogisticCalibration,
    Plda,
    SNorm,
    TripletRanking,
    Wccn,
    Whitening,
    best_threshold,
    cllr,
    cosine_components,
    cosine_similarity,
    edges_above,
    normalize_scores,
    score_histogram,
)
from trfast.scoring.backend import Backend
from trfast.segmentation import (
    SegmentationConfig,
    bic_clustering,
    change_points,
    gaussian_divergence,
    linear_bic,
    segment,
    viterbi_resegmentation,
)
from trfast.speech import SpeechDetector, detect_by_energy, regions_to_timeline
from trfast.speech.inputs import n_inputs

NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.repeat(np.arange(10), 4)
HUGE = np.where(X[1, 1] == X, 1e200, X)
SOUND = np.zeros(16_000, np.float32)
WAVEFORM = Waveform(SOUND, 16_000)
GMM = DiagonalGmm.of([0.5, 0.5], X[:2], np.ones((2, 3)), n_threads=1)
STATISTICS = GMM.statistics(X, np.arange(0, 41, 10))
IVECTORS = TotalVariability(ubm=GMM, rank=2, n_threads=1).fit(STATISTICS)
EMBEDDER = IvectorEmbedder(ubm=GMM, total_variability=IVECTORS, normalization=NormalizationConfig())
DETECTOR = SpeechDetector()
DETECTOR.layers_ = ((np.zeros((n_inputs(3), 2)), np.zeros(2)), (np.zeros((2, 1)), np.zeros(1)))
PLDA = Plda(rank=2).fit(X, Y)
HALF = Comparison(threshold=0.5)
BOUNDS = [[0, 20], [20, 40]]

Call = Callable[[], object]

AUDIO: list[tuple[Call, str]] = [
    (lambda: Waveform([0.0, 0.1], 16_000), "array of"),
    (lambda: Waveform(np.zeros((2, 160_000)), 16_000), "160000 channels.*samples.T"),
    (lambda: Waveform(np.zeros((1, 16_000)), 16_000), "16000 channels"),
    (lambda: Waveform(np.zeros((2, 2, 2)), 16_000), "shape"),
    (lambda: Waveform(SOUND, 16), "4000 to 10000000 samples a second, got 16"),
    (lambda: Waveform(SOUND, 1e12), "4000 to"),
    (lambda: Waveform(SOUND, "16000"), "sample_rate must be a number, got '16000'"),
    (lambda: Waveform(SOUND, None), "sample_rate must be a number"),
    (lambda: Waveform(SOUND, True), "sample_rate must be a number"),
    (lambda: Waveform(SOUND, NAN), "above 0"),
    (lambda: stream(WAVEFORM, channel="left"), "channel must be a whole number, got 'left'"),
    (lambda: stream(WAVEFORM, channel=0.5), "whole number"),
    (lambda: stream(WAVEFORM, channel=-1), "counts from 0"),
    (lambda: stream(WAVEFORM, block_duration="1"), "block_duration must be a number"),
    (lambda: stream(WAVEFORM, block_duration=NAN), "block_duration must be above 0"),
    (lambda: load(BytesIO(b"RIFF")), "<4 bytes> is not audio"),
    (lambda: load(b"show.wav"), "Bytes are what is in it, not its name"),
    (lambda: stream(StringIO("RIFF")), "gives str, expected bytes"),
    (lambda: load(SOUND), r"a path, a Waveform, .* got ndarray.*Waveform\(samples, rate\)"),
    (lambda: probe({"array": SOUND, "sampling_rate": 16_000}), "got dict"),
    (lambda: probe(None), "got NoneType"),
]

ANNOTATION: list[tuple[Call, str]] = [
    (lambda: Segment("0", 1), "numbers of seconds, got '0' to 1"),
    (lambda: Segment(0, None), "numbers of seconds"),
    (lambda: Segment(0, 10**400), "numbers of seconds"),
    (lambda: Segment(0, NAN), "finite"),
    (lambda: Turn(0, 1, None), "speaker's name must be a str, got None"),
    (lambda: Timeline([3, 9]), r"\(start, end\)"),
    (lambda: Timeline([(1, 2, 3)]), r"\(start, end\)"),
    (lambda: Timeline(5), r"\(start, end\)"),
    (lambda: Timeline.from_arrays([0, 1], [2]), "equally long"),
    (lambda: Timeline([(0, 1)]).merged(NAN), "gap must be 0 or more"),
    (lambda: Timeline([(0, 1)]).merged("1"), "gap must be a number"),
    (lambda: Timeline().intersection([(3, 9)]), "of type Timeline, got list"),
    (lambda: Annotation("x", [(0, 1, 1), (0, 1, "b")]), "must be a str, got 1"),
    (lambda: Annotation("x", [(0, 1, None)]), "must be a str, got None"),
    (lambda: Annotation("x", [(0, 1)]), r"\(start, end, speaker\)"),
    (lambda: Annotation("x", [Segment(0, 1)]), r"\(start, end, speaker\)"),
    (lambda: Annotation(7), "recording's name must be a str, got 7"),
    (lambda: Annotation("x").crop([(3, 9)]), "of type Timeline"),
    (lambda: Annotation("x", [(0, 1, "a")]).rename(["b"]), "of type Mapping"),
    (lambda: Annotation("x", [(0, 1, "a")]).rename({"a": 3}), "must be a str, got 3"),
]

FRAMES: list[tuple[Call, str]] = [
    (lambda: MfccConfig(sample_rate="16000"), "sample_rate must be a whole number"),
    (lambda: MfccConfig(hop=NAN), "hop must be above 0"),
    (lambda: MfccConfig(window="0.025"), "window must be a number"),
    (lambda: MfccConfig(n_mels=40.5), "n_mels must be a whole number"),
    (lambda: MfccConfig(low_frequency=None), "low_frequency must be a number"),
    (lambda: MfccConfig(high_frequency=INF), "high_frequency must be above 0"),
    (lambda: Mfcc({"hop": 0.01}), "of type MfccConfig, got dict"),
    (lambda: FbankConfig(hop=NAN), "hop must be above 0"),
    (lambda: FbankConfig(n_mels="80"), "n_mels must be a whole number"),
    (lambda: Fbank(MfccConfig()), "of type FbankConfig, got MfccConfig"),
    (lambda: Fbank().extract(WAVEFORM), "got Waveform"),
    (lambda: Mfcc().extract(WAVEFORM), "got Waveform"),
    (lambda: Mfcc().extract([0.5, 0.5]), "1-D"),
    (lambda: timeline_to_frames([(3, 9)], 100, MfccConfig()), "of type Timeline"),
    (lambda: deltas([[1.0], [1.0, 2.0]]), "equally long"),
    (lambda: timeline_to_frames(Timeline(), "100", MfccConfig()), "n_frames must be a whole"),
    (lambda: frames_to_seconds([0.5], 100, 1.0, MfccConfig()), "frames must be whole numbers"),
    (lambda: frames_to_seconds([3], 100, NAN, MfccConfig()), "duration must be 0 or more"),
    (lambda: deltas([["a"]]), "must hold numbers"),
    (lambda: deltas([[None]]), "NaN"),
    (lambda: deltas(HUGE), r"above 1e\+150.*row 1"),
    (lambda: deltas(X, width=1.5), "width must be a whole number"),
    (lambda: sliding_normalization(X, window="3"), "window must be a whole number"),
    (lambda: segment_normalization(X, [0.0, 20.5, 40.0]), "offsets must be whole numbers"),
    (lambda: segment_normalization(X, ["a", "b"]), "offsets must be whole numbers"),
]

SPEECH: list[tuple[Call, str]] = [
    (lambda: SpeechDetector(n_hidden=0).fit([X], [Timeline()]), "n_hidden must be at least 1"),
    (lambda: SpeechDetector(penalty="80").fit([X], [Timeline()]), "penalty must be a number"),
    (lambda: SpeechDetector(bias=NAN).fit([X], [Timeline()]), "bias must be a finite number"),
    (lambda: SpeechDetector(random_state=-1).fit([X], [Timeline()]), "random_state must be at"),
    (lambda: SpeechDetector(random_state="a").fit([X], [Timeline()]), "random_state must be a w"),
    (lambda: SpeechDetector(config=1).fit([X], [Timeline()]), "of type MfccConfig"),
    (lambda: SpeechDetector().fit([X], []), "for each of 1"),
    (lambda: SpeechDetector().fit([X], [[(3, 9)]]), "of type Timeline"),
    (lambda: SpeechDetector().fit(None, [Timeline()]), "X must be of type Sized"),
    (lambda: DETECTOR.detect(X[:, :2]), "static must have 3 columns, got 2"),
    (lambda: DETECTOR.detect("show.wav"), "static must hold numbers"),
    (lambda: detect_by_energy(X, min_duration=NAN), "min_duration must be 0 or more"),
    (lambda: detect_by_energy(X, config={}), "of type MfccConfig"),
    (lambda: regions_to_timeline([(3, 9.5)], 40, 1.0, MfccConfig()), "whole numbers"),
]

SEGMENTATION: list[tuple[Call, str]] = [
    (lambda: SegmentationConfig(window="2.5"), "window must be a number"),
    (lambda: SegmentationConfig(min_duration=NAN), "min_duration must be above 0"),
    (lambda: SegmentationConfig(max_duration="a"), "max_duration must be a number"),
    (lambda: segment(X, Timeline([(3, 9)])), "regions must be whole numbers"),
    (lambda: segment(X, [(0.5, 9.7)]), "regions must be whole numbers"),
    (lambda: segment(X, [(3, 90)]), "at most 40"),
    (lambda: segment(X, BOUNDS, config={"window": 2}), "of type SegmentationConfig"),
    (lambda: segment(X, BOUNDS, hop="0.01"), "hop must be a number"),
    (lambda: change_points(X, BOUNDS, window=2.5), "window must be a whole number"),
    (lambda: gaussian_divergence(X, window=5, min_length="2"), "min_length must be a whole"),
    (lambda: gaussian_divergence(HUGE, window=5), r"above 1e\+150"),
    (lambda: linear_bic(X, BOUNDS, alpha=None), "alpha must be a number"),
    (lambda: linear_bic(X, BOUNDS, alpha=1, max_gap=0.5), "max_gap must be a whole number"),
    (lambda: bic_clustering(X, [[0, 20.0]], alpha=NAN), "segments must be whole numbers"),
    (lambda: bic_clustering(X, BOUNDS, alpha=NAN), "alpha must be 0 or more"),
    (lambda: viterbi_resegmentation(X, BOUNDS, [0.5, 1]), "labels must be whole numbers"),
    (lambda: viterbi_resegmentation(X, BOUNDS, ["a", "b"]), "labels must be whole numbers"),
    (lambda: viterbi_resegmentation(X, BOUNDS, [0, 1], penalty=NAN), "penalty must be 0 or more"),
    (lambda: viterbi_resegmentation(X, BOUNDS, [0, 1], n_gaussians=2.5), "n_gaussians must be"),
]

EMBEDDING: list[tuple[Call, str]] = [
    (lambda: DiagonalGmm(n_components=2.5).fit(X), "n_components must be a whole number"),
    (lambda: DiagonalGmm(n_components=2, n_iterations="9").fit(X), "n_iterations must be a whole"),
    (lambda: DiagonalGmm(n_components=2, posterior_floor=2).fit(X), "posterior_floor must lie in"),
    (lambda: DiagonalGmm(n_components=2, variance_floor=NAN).fit(X), "variance_floor must be 0"),
    (lambda: DiagonalGmm(n_components=2, random_state=None).fit(X), "random_state must be a whole"),
    (lambda: DiagonalGmm(n_components=2, n_threads="2").fit(X), "n_threads must be a whole"),
    (lambda: DiagonalGmm(n_components=2).fit(None), "X must be of type Sized"),
    (lambda: DiagonalGmm(n_components=2).fit([1.0, 2.0]), "2-D"),
    (lambda: DiagonalGmm(n_components=2).fit(HUGE), r"above 1e\+150"),
    (lambda: DiagonalGmm.of([1.0], X[:2], X[:2] ** 2), r"expected \(2,\)"),
    (lambda: DiagonalGmm.of([0.5, 0.5], X[:2], -np.ones((2, 3))), "must be above 0"),
    (lambda: DiagonalGmm.of([0.5, 0.5], X[:2], "b"), "variances must hold numbers"),
    (lambda: GMM.statistics(X, [0, 20.5]), "offsets must be whole numbers"),
    (lambda: GMM.statistics((1e20 * X).astype(np.float32)), r"above 1e\+15"),
    (lambda: GMM.score_samples("abc"), "must hold numbers"),
    (lambda: STATISTICS.grouped([0, 1, -1, 0], 2), "groups must be 0 to 1, got -1"),
    (lambda: STATISTICS.grouped([0, 1], 2), "one a segment"),
    (lambda: TotalVariability(ubm=GMM, rank="2").fit(STATISTICS), "rank must be a whole number"),
    (lambda: TotalVariability(ubm="ubm").fit(STATISTICS), "of type DiagonalGmm, got str"),
    (lambda: TotalVariability(ubm=GMM, rank=2).fit(X), "of type Sequence, got ndarray"),
    (lambda: TotalVariability(ubm=GMM, rank=2).fit([X]), "of type BaumWelchStatistics"),
    (lambda: IVECTORS.transform(X), "of type BaumWelchStatistics, got ndarray"),
    (lambda: NormalizationConfig(scope="file"), "scope must be one of segment, sliding"),
    (lambda: NormalizationConfig(window="3"), "window must be a number"),
    (lambda: EMBEDDER.cluster_statistics(X, BOUNDS, [0, -1]), "clusters must be 0 to"),
    (lambda: EMBEDDER.cluster_statistics(X, BOUNDS, [0]), "one a segment"),
    (lambda: list(segment_frames(X, [(3, 9.5)], NormalizationConfig())), "whole numbers"),
    (lambda: list(segment_frames(X, BOUNDS, {})), "of type NormalizationConfig"),
]

SCORING: list[tuple[Call, str]] = [
    (lambda: cosine_similarity(HUGE), r"a holds numbers above 1e\+150.*row 1"),
    (lambda: cosine_similarity([[1, 2], [1]]), "equally long"),
    (lambda: cosine_similarity("ab"), "must hold numbers"),
    (lambda: edges_above(HUGE, 0.5), r"above 1e\+150"),
    (lambda: edges_above(X, NAN), "cosine similarity, -1 to 1, got nan"),
    (lambda: edges_above(X, None), "threshold must be a number"),
    (lambda: edges_above(X, 0.5, n_threads=1.5), "n_threads must be a whole number"),
    (lambda: cosine_components(HUGE, 0.5), r"above 1e\+150"),
    (lambda: cosine_components(X, "0.5"), "threshold must be a number, got '0.5'"),
    (lambda: LengthNorm().fit_transform(HUGE), r"above 1e\+150"),
    (lambda: LengthNorm().fit_transform((1e20 * X).astype(np.float32)), r"above 1e\+15"),
    (lambda: Centering().fit(HUGE), r"above 1e\+150"),
    (lambda: Centering().fit([[{}]]), "number"),
    (lambda: Whitening(shrinkage=2).fit(X), "shrinkage must lie in 0 to 1"),
    (lambda: Whitening(shrinkage="0").fit(X), "shrinkage must be a number"),
    (lambda: EigenFactorRadial(n_iterations=1.5).fit(X), "n_iterations must be a whole number"),
    (lambda: Wccn(shrinkage=NAN).fit(X, Y), "shrinkage must lie in 0 to 1"),
    (lambda: Wccn().fit(X, np.array([None, "a"] * 20, dtype=object)), "all numbers or all names"),
    (lambda: Lda(n_components="2").fit(X, Y), "n_components must be a whole number"),
    (lambda: Plda(rank=1.5).fit(X, Y), "rank must be a whole number"),
    (lambda: Plda(n_iterations=None).fit(X, Y), "n_iterations must be a whole number"),
    (lambda: PLDA.similarity(HUGE), r"above 1e\+150"),
    (lambda: PLDA.similarity("abc"), "must hold numbers"),
    (lambda: PLDA.similarity_of_sets(["a"], X[:1]), "counts_a must hold numbers"),
    (lambda: TripletRanking(margin="0.6").fit(X, Y), "margin must be a number"),
    (lambda: TripletRanking(n_epochs=2.5).fit(X, Y), "n_epochs must be a whole number"),
    (lambda: TripletRanking(n_init=None).fit(X, Y), "n_init must be a whole number"),
    (lambda: TripletRanking(random_state=1.5).fit(X, Y), "random_state must be a whole number"),
    (lambda: TripletRanking(selection=None).fit(X, Y), "selection must be one of"),
    (
        lambda: TripletRanking().fit(X, Y, groups=[None] * 40),
        "must be a str, or all integers, got None",
    ),
    (
        lambda: TripletRanking().fit(X, Y, groups=[0.5] * 40),
        "must be a str, or all integers, got 0.5",
    ),
    (lambda: LogisticCalibration(prior="1").fit([1, 0], [1, 0]), "prior must be a number"),
    (lambda: LogisticCalibration().fit(["a", "b"], [1, 0]), "scores must hold numbers"),
    (lambda: cllr([[1.0], [1.0, 2.0]], [1, 0]), "equally long"),
    (lambda: best_threshold([1, 0], [1, 0], prior=NAN), "prior must lie between 0 and 1"),
    (lambda: score_histogram([1, 0], [1, 0], bins=2.5), "bins must be a whole number"),
    (lambda: SNorm(n_top="2").fit(X).normalized_similarity(X), "n_top must be a whole number"),
    (lambda: SNorm(similarity="cosine").fit(X).normalized_similarity(X), "must be a function"),
    (lambda: normalize_scores([["a"]], X), "scores must hold numbers"),
    (lambda: Backend(name="kmeans"), "name must be one of cosine"),
    (lambda: Backend(name="cosine", whitening=X), "of type Whitening"),
    (lambda: Backend(name="plda", estimator=PLDA).check_threshold("2"), "threshold must hold num"),
]

CLUSTERING: list[tuple[Call, str]] = [
    (lambda: connected_components([[0.5, 1.7]], 3), "pairs must be whole numbers, got float64"),
    (lambda: connected_components([["a", "b"]], 3), "pairs must be whole numbers"),
    (lambda: connected_components([[0, 1], [2]], 3), "equally long"),
    (lambda: connected_components([[0, 1]], "3"), "n must be a whole number"),
    (lambda: constrained_components([[0, 1]], [NAN], [0, 1], 2), "similarities hold NaN"),
    (
        lambda: constrained_components([[0, 1]], [0.5], ["a", None], 2),
        "must be a str, or all integers, got None",
    ),
    (lambda: complete_linkage(HUGE, threshold=0.5), r"above 1e\+150"),
    (lambda: complete_linkage(X, threshold=None), "threshold must be a number"),
    (lambda: complete_linkage_of_scores([[0, 1], [1, 0]], threshold=NAN), "finite number, got nan"),
    (lambda: complete_linkage_of_scores(3, threshold=1), "2-D"),
    (lambda: complete_linkage_of_edges([[0, 1], [0, 1]], [0.5, 0.6], 2), "once"),
    (lambda: complete_linkage_of_edges([[0, 1], [1, 0]], [0.5, 0.6], 2), "once"),
    (lambda: complete_linkage_of_edges([[1, 1]], [0.5], 2), "once"),
    (lambda: complete_linkage_of_edges([[0, 1]], ["a"], 2), "similarities must hold numbers"),
    (lambda: Comparison(threshold=None), "threshold must be a number"),
    (lambda: Comparison(threshold=NAN), "cosine similarity"),
    (lambda: Comparison(threshold=0.5, backend="plda"), "of type Backend, got str"),
    (lambda: Comparison(threshold=0.5, clustering=["cc"]), "clustering must be one of"),
]

NAMES = list("abcd")
RECORDINGS: list[tuple[Call, str]] = [
    (lambda: find_audio("archive"), "paths must be a list of paths, got 'archive'"),
    (lambda: find_audio([""]), "path is empty"),
    (lambda: find_audio([5]), "path must be a path, got 5"),
    (lambda: name_recordings("a.wav"), "paths must be a list of paths"),
    (lambda: Job(3, "a.wav"), "recording name must be a str, got int 3"),
    (lambda: Diarizer(comparison="tr"), r"of type Comparison, got str: give model\.within"),
    (lambda: Diarizer(5), "model must be of type ModelBundle, got int"),
    (lambda: Diarizer(detector="neural"), "detector must be one of model, energy"),
    (lambda: Collection(""), "path of a collection is empty"),
    (lambda: Collection(None), "path of a collection must be a path"),
    (lambda: kept().link("tr"), "model must be a ModelBundle, got str"),
    (lambda: kept().add_all(None), "must be a list of paths or Jobs, got None"),
    (lambda: kept().add_all("a.wav"), "must be a list of paths or Jobs, got 'a.wav'"),
    (lambda: kept().add_all([5]), "a path or a Job, got int"),
    (lambda: kept().add_all([], diarizer="x"), "must be a Diarizer, or have its face"),
    (lambda: kept().add_all(["a.wav"], speech="x.rttm"), "speech must be of type Mapping"),
    (lambda: kept().remove(5), "recording name must be a str"),
    (lambda: map_recordings(len, ["a"], jobs=1.5), "jobs must be a whole number"),
    (lambda: map_recordings(len, ["a"], executor=5), "must be a concurrent.futures.Executor"),
    (lambda: write_rttm("x.rttm", "y.rttm"), "must be a list of Annotation"),
    (lambda: write_rttm([1], "y.rttm"), "annotation must be of type Annotation"),
    (lambda: write_rttm([], "."), "is a folder, expected the name of a file"),
    (lambda: read_rttm(5), "path must be a path, got 5"),
    (lambda: load_model(5), "path of a model must be a path"),
]
SHOW = {"show": Annotation("show", [(0, 1, "ann")])}
EVALUATION: list[tuple[Call, str]] = [
    (lambda: diarization_error(SHOW, SHOW, collar="0.25"), "collar must be a number"),
    (lambda: diarization_error(SHOW, SHOW, skip_overlap="no"), "skip_overlap must be True or"),
    (lambda: diarization_error(SHOW["show"], SHOW), "reference must be of type Mapping"),
    (lambda: diarization_error(SHOW, {"show": 1}), r"hypothesis\['show'\] must be of type Ann"),
    (lambda: diarization_error(SHOW, SHOW, uem=Timeline()), "uem must be of type Mapping"),
    (lambda: diarization_error(SHOW, SHOW, uem={"show": [(0, 1)]}), r"give Timeline\("),
    (lambda: oracle_linking(SHOW, 5), "hypothesis must be of type Mapping"),
    (lambda: one_to_one(np.eye(2)), "common must be sparse"),
    (lambda: minimum_dcf([0, 1], [0, 1], prior="x"), "prior must be a number"),
]
LINKING: list[tuple[Call, str]] = [
    (lambda: linked(X[:4] * 1e39, NAMES, HALF), "vectors holds numbers above"),
    (lambda: linked(HUGE[:4], NAMES, HALF), "vectors holds numbers above"),
    (lambda: linked(X[:4], "abcd", HALF), "sequence of names, one for each row, got 'abcd'"),
    (lambda: linked(X[:4], None, HALF), "sequence of names"),
    (
        lambda: linked(X[:4], ["a", None, "b", "c"], HALF),
        r"recordings\[1\] must be a str, or all integers, got None",
    ),
    (lambda: linked(X[:4], [1, "b", "c", "d"], HALF), r"recordings\[0\] must be a str, or"),
    (lambda: linked(X[:4], NAMES[:2], HALF), "each of 4 rows, got 2"),
    (lambda: linked([[1, 2], [1]], ["a", "b"], HALF), "equally long"),
    (lambda: linked(X[:4], NAMES, HALF, constrain="no"), "constrain must be True or False"),
    (lambda: linked(X[:4], NAMES, 0.5), r"of type Comparison, got float: give Comparison\("),
    (lambda: linked(X[:4], NAMES, HALF, speech_durations=[1, 2]), "one a row"),
    (lambda: linked(X[:4], NAMES, HALF, speech_durations=["a"] * 4), "must hold numbers"),
    (lambda: linked(X[:4], NAMES, HALF, min_anchor_speech="3"), "min_anchor_speech must be a num"),
]


def kept() -> Collection:
    """A collection of one diarization."""
    collection = Collection(":memory:")
    collection.add(diarization("show", "ann:1"))
    return collection


def linked(*arguments: Any, **options: Any) -> object:
    """Both of them, which say the same."""
    with pytest.raises(ParameterError) as centred:
        link_centred(*arguments, **options)
    with pytest.raises(ParameterError) as plain:
        link(*arguments, **options)
    assert str(centred.value)[:20] == str(plain.value)[:20]
    raise plain.value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        *(*AUDIO, *ANNOTATION, *FRAMES, *SPEECH, *SEGMENTATION),
        *(*EMBEDDING, *SCORING, *CLUSTERING, *LINKING, *RECORDINGS, *EVALUATION),
    ],
)
def test_a_wrong_argument_is_told(call: Call, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TrfastError, match=f"(?s){message}"):
            call()


def test_a_wrong_type_is_a_type_error_too() -> None:
    with pytest.raises(TypeError) as told:
        Waveform(SOUND, "16000")
    assert isinstance(told.value, ParameterTypeError)
    assert isinstance(told.value, ValueError)


def test_the_diarizer_looks_before_it_listens(tmp_path: Path) -> None:
    diarizer = Diarizer()
    for source in ({"raw": SOUND}, None, 7):
        with pytest.raises(ParameterError, match="a path, a Waveform"):
            diarizer(source)
    with pytest.raises(ParameterError, match=r"give Timeline\(speech\)"):
        Job("none", tmp_path / "none.wav", speech=[(3, 9)])
    with pytest.raises(ParameterError, match="whole number, got 'left'"):
        Job("none", tmp_path / "none.wav", channel="left")


def test_a_file_that_says_an_absurd_rate(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", SOUND, 16)
    assert probe(tmp_path / "slow.wav").sample_rate == 16
    with pytest.raises(AudioError, match=r"slow\.wav says that it is at 16 samples a second"):
        load(tmp_path / "slow.wav")


def test_what_is_right_is_taken() -> None:
    """What is at the edge of the rules, and what only looks like it."""
    assert Waveform(np.zeros((0, 2)), 4000).sample_rate == 4000
    assert Waveform(np.zeros((1, 64)), np.int64(8000)).samples.shape == (1, 64)
    assert load(Waveform(SOUND, 16_000.0)).shape == (16_000,)
    assert check_timeline(Timeline(), "speech") == Timeline()
    assert connected_components(np.empty((0, 2)), 2).tolist() == [0, 1]
    assert connected_components(np.array([[0, 1]], np.uint8), np.int32(2)).tolist() == [0, 0]
    assert link(X[:2], np.array(["a", "b"]), HALF).labels.shape == (2,)
    assert link(X[:2], [7, 5], HALF).labels.shape == (2,)
    assert check_integer(np.int16(3), "n", least=1) == 3
    large = np.array(
        [[1e30, 0], [1e30, 1e30]], np.float32
    )  # squares are added up in double precision
    assert cosine_similarity(large)[0, 1] == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 1e15), (np.float64, 1e150)])
def test_magnitudes(dtype: type, largest: float) -> None:
    rows: npt.NDArray[Any] = np.full((3, 2), 0.7 * largest / 6**0.5, dtype)
    assert check_matrix(rows, "x", dtype=dtype) is rows
    rows[1, 1] = 0.9 * largest  # the sum of squares is above, no number is
    assert check_matrix(rows, "x", dtype=dtype) is rows
    rows[1, 1] = 1.1 * largest
    with pytest.raises(ParameterError, match=r"numbers above 1e\+.*first in row 1 \(1 of 3 rows\)"):
        check_finite(rows, "x")
    rows[2, 0] = np.nan
    with pytest.raises(ParameterError, match=r"NaN or infinity, first in row 2 \(1 of 3 rows\)"):
        check_finite(rows, "x")
