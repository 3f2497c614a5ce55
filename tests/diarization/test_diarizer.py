"""Diarizer: clustering by hand, then the example shows with the default model."""

import pickle
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.conftest import SHARED
from tests.fakes import cosine_backend
from tests.small import VOICES, show, small_model
from trfast.annotation import Annotation, Timeline, Turn
from trfast.audio import SAMPLE_RATE, Waveform, load, stream
from trfast.cli import main
from trfast.diarization import Diarizer, EmbeddedSegments, Job, SpeakerCount, diarize
from trfast.diarization import diarizer as diarizer_module
from trfast.diarization import job as job_module
from trfast.embedding.ivector import ProjectedStatistics, TotalVariability
from trfast.errors import AudioError, ModelError, ParameterError
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm, read_uem, write_rttm
from trfast.model import ClusteringConfig, load_model
from trfast.scoring.backend import BACKENDS, Thresholds

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOW = EXAMPLES / "audio" / "show-2.opus"


@pytest.fixture(scope="module")
def diarizer():
    return Diarizer(load_model())


@pytest.fixture(scope="module")
def samples():
    return load(SHOW)


@pytest.fixture(scope="module")
def expected(diarizer):
    return diarizer(SHOW)


@pytest.fixture(scope="module")
def reference():
    return read_rttm(EXAMPLES / "ref.rttm")


def same(one, other):
    assert one.annotation.turns == other.annotation.turns
    assert one.speakers == other.speakers
    np.testing.assert_array_equal(one.vectors, other.vectors)


def plain_model(threshold=0.55, alpha=0.0):
    """A model whose first score is the cosine of vectors as they are, and whose i-vectors are
    ``first / (1 + N)`` with the ``N`` frames of the first Gaussian."""
    thresholds = Thresholds(within=threshold, across=0.65)
    backends = {"cosine": cosine_backend(3, cc=thresholds, hac=thresholds)}
    model = small_model()
    plain = TotalVariability(ubm=model.ubm, rank=3, n_threads=1)
    plain.matrix_ = np.zeros((4, 60, 3), dtype=np.float32)
    plain.matrix_[0, :3] = np.diag(np.sqrt(model.ubm.variances_[0, :3]))
    return replace(
        model,
        total_variability=plain,
        backends=model.backends | backends,
        clustering=ClusteringConfig(alpha=alpha),
    )


def segments(seconds, vectors, clusters=None, n_frames=1):
    """Segments whose clusters have these i-vectors, by the plain model."""
    clusters = np.arange(len(seconds)) if clusters is None else np.array(clusters)
    seconds = np.array(seconds, dtype=np.float64).reshape(-1, 2)
    vectors = np.array(vectors, dtype=np.float32).reshape(-1, 3)
    zeroth = np.zeros((len(vectors), 4), dtype=np.float32)
    zeroth[:, 0] = n_frames
    statistics = ProjectedStatistics(zeroth, (1 + zeroth[:, :1]) * vectors)
    return EmbeddedSegments("show", 30.0, seconds, clusters, statistics)


FOUR = [(0, 2), (2, 5), (5, 6), (8, 10)]
VECTORS = [(0, 1, 0), (3, 0, 0), (2, 2, 0), (0, 0.5, 0)]


def test_clusters_by_hand():
    # Cosine of 1 and 3, and of 2 and 3: 0.7071; of 1 and 4: 1; of 1 and 2: 0.
    given = segments(FOUR, VECTORS, n_frames=[1, 1, 1, 3])
    found = Diarizer(plain_model(threshold=0.8)).cluster(given)
    assert found.annotation == Annotation(
        "show", [(0, 2, "S1"), (2, 5, "S2"), (5, 6, "S3"), (8, 10, "S1")]
    )
    assert found.speakers == ("S1", "S2", "S3")
    # Of 1 and 4 together, four frames: (2 * 1 + 4 * 0.5) / (1 + 4).
    np.testing.assert_allclose(found.vectors, [[0, 0.8, 0], [3.0, 0, 0], [2.0, 2, 0]], rtol=1e-5)
    assert found.speech_durations.tolist() == [4, 3, 1]
    assert found.duration == 30
    assert found.recording == "show"


def test_components_are_connected_through_a_third():
    found = Diarizer(plain_model(threshold=0.7)).cluster(segments(FOUR, VECTORS))
    # Touching turns of one speaker are one turn, the hole from 6 to 8 s stays.
    assert found.annotation.turns == (Turn(0, 6, "S1"), Turn(8, 10, "S1"))


def test_complete_linkage_joins_only_who_reaches_all():
    # Cosine of 1 and 3: 1; of 2 and 4: 0.894; of 1 and 2: 0.7071; of 1 and 4: 0.316.
    turned = segments(FOUR, [(0, 1, 0), (2, 2, 0), (0, 1, 0), (3, 1, 0)])
    model = plain_model(threshold=0.7)
    assert Diarizer(model).cluster(turned).speakers == ("S1",)
    found = Diarizer(model, comparison=model.within(clustering="hac")).cluster(turned)
    assert [turn.speaker for turn in found.annotation] == ["S1", "S2", "S1", "S2"]
    np.testing.assert_allclose(found.vectors, [[0.0, 4 / 3, 0.0], [10 / 3, 2.0, 0.0]], rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_each_back_end_clusters_with_its_own_threshold(backend, clustering):
    model = replace(plain_model(), backends=small_model().backends)
    vectors = np.random.default_rng(5).normal(size=(30, 3))
    given = segments([(i / 2, i / 2 + 0.4) for i in range(30)], vectors)
    comparison = model.within(backend, clustering)
    assert comparison.threshold == model.backend(backend).thresholds[clustering].within
    found = Diarizer(model, comparison=comparison).cluster(given)
    labels = comparison.cluster(comparison.backend.project(vectors))
    assert [turn.speaker for turn in found.annotation] == [f"S{k + 1}" for k in labels]


def test_a_path_is_no_model():
    with pytest.raises(ParameterError, match=r"got a path: load_model\('model.safetensors'\)"):
        Diarizer("model.safetensors")  # type: ignore[arg-type]


def test_who_speaks_little_joins_the_most_similar():
    # 3 and 4 are one speaker, of 3 s; 4 is most like 2.
    vectors = [(1, 0, 0), (0, 1, 0), (-1, 0.1, 0), (-1, 0.8, 0)]
    given = segments([(0, 4), (5, 10), (10, 11), (12, 14)], vectors)
    apart, together = ["S1", "S2", "S3", "S3"], ["S1", "S2", "S2"]
    # With 6 s nobody has enough.
    for min_speech, expected in (3, apart), (3.5, together), (6, apart):
        model = plain_model(threshold=0.8)
        model = replace(model, clustering=replace(model.clustering, min_speech=min_speech))
        found = Diarizer(model).cluster(given)
        assert [turn.speaker for turn in found.annotation] == expected, min_speech


def test_bic_clusters_are_compared():
    # Cosine 0.740.
    joined = segments(FOUR, [(1, 1.5, 0), (1, 0.25, 0)], [0, 1, 0, 1])
    for threshold, speakers in ((0.735, ["S1", "S1"]), (0.745, ["S1", "S2", "S1", "S2"])):
        found = Diarizer(plain_model(threshold=threshold)).cluster(joined)
        assert [turn.speaker for turn in found.annotation] == speakers


def test_the_threshold_given_goes_before_the_model_s():
    model = plain_model(threshold=0.8)
    assert len(Diarizer(model).cluster(segments(FOUR, VECTORS)).speakers) == 3
    low = Diarizer(model, comparison=model.within(threshold=-1))
    assert len(low.cluster(segments(FOUR, VECTORS)).speakers) == 1


def test_nobody_speaks():
    found = Diarizer(plain_model()).cluster(segments([], []))
    assert len(found.annotation) == 0
    assert found.speakers == ()
    assert found.vectors.shape == (0, 3)
    assert found.speech_durations.shape == (0,)


def test_segments_from_outside():
    diarizer = Diarizer(plain_model(alpha=0.0))
    static = np.random.default_rng(0).normal(size=(500, 20)).astype(np.float32)
    found = diarizer.embed(
        static, duration=5.015, recording="show", segments=np.array([(0, 200), (300, 500)])
    )
    # Frame t stands for one hop around its centre; the edges of the recording count in full.
    np.testing.assert_allclose(found.seconds, [(0, 2.0075), (3.0075, 5.015)])
    assert found.statistics.first.shape == (2, 3)
    assert found.clusters.tolist() == [0, 1]
    with pytest.raises(ParameterError, match="must rise from 0 to at most 500"):
        diarizer.embed(static, duration=5.0, recording="show", segments=np.array([(0, 501)]))


def test_statistics_are_of_bic_clusters():
    diarizer = Diarizer(plain_model(alpha=100.0))
    static = np.random.default_rng(0).normal(size=(500, 20)).astype(np.float32)
    bounds = np.array([(0, 200), (300, 500)])
    found = diarizer.embed(static, duration=5.015, recording="show", segments=bounds)
    assert found.clusters.tolist() == [0, 0]
    expected = diarizer.model.ivectors.cluster_statistics(static, bounds, found.clusters)
    assert len(found.statistics) == 1
    np.testing.assert_array_equal(found.statistics.first, expected.first)


def test_settings_that_cannot_be():
    for threshold in (1.1, -1.1, float("nan")):
        with pytest.raises(ParameterError, match="a cosine similarity, -1 to 1, got"):
            plain_model().within(threshold=threshold)
    with pytest.raises(ParameterError, match="any finite number, got nan"):
        small_model().within("plda", threshold=float("nan"))
    assert small_model().within("plda", threshold=-20).threshold == -20
    with pytest.raises(ParameterError, match="one of cc, hac, average, got 'kmeans'"):
        plain_model().within(clustering="kmeans")
    with pytest.raises(ModelError, match=r"no back-end 'neural' \(it has cosine, wccn"):
        plain_model().within("neural")
    with pytest.raises(
        ParameterError, match=r"energy, or an OnnxDetector, or have .* got 'neural'"
    ):
        Diarizer(plain_model(), detector="neural")  # type: ignore[arg-type]


def test_the_fingerprint_is_that_of_what_decides_results(monkeypatch):
    model = plain_model()
    same = Diarizer(plain_model()).fingerprint
    others = [
        Diarizer(model, comparison=model.within(threshold=0.1)),
        Diarizer(model, detector="energy"),
        Diarizer(model, comparison=model.within(clustering="hac")),
        Diarizer(model, comparison=model.within("tr", threshold=0.55)),
        Diarizer(replace(model, ubm=small_model(seed=1).ubm)),
        Diarizer(model, num_speakers=2),
        Diarizer(model, min_speakers=2),
        Diarizer(model, max_speakers=2),
    ]
    assert len({same, *(other.fingerprint for other in others)}) == 9
    assert Diarizer(model).fingerprint == same
    with monkeypatch.context() as patch:  # an upgrade does not go on with old results
        patch.setattr(diarizer_module, "version", lambda _: "99")
        assert Diarizer(model).fingerprint != same
    own = model.within(threshold=model.thresholds().within)
    assert Diarizer(model, comparison=own).fingerprint == same


def test_speech_of_the_examples_is_found(diarizer, reference):
    """Missed speech and false alarm below 10 %."""
    found = {name: diarizer(EXAMPLES / "audio" / f"{name}.opus").annotation for name in reference}
    error = diarization_error(reference, found, uem=read_uem(EXAMPLES / "all.uem")).total
    assert error.missed + error.false_alarm < 0.1 * error.scored


def test_voices_of_the_examples_are_told_apart(diarizer, reference):
    """I-DER below 15 % with the reference's speech and a threshold for such clean voices."""
    model = diarizer.model
    strict = Diarizer(model, comparison=model.within("cosine", "cc", 0.65))
    found = {
        name: strict(Job(name, EXAMPLES / "audio" / f"{name}.opus", show.timeline())).annotation
        for name, show in reference.items()
    }
    error = diarization_error(reference, found, uem=read_uem(EXAMPLES / "all.uem"))
    assert error.error_rate < 0.15


def test_what_a_diarization_holds(expected, diarizer, samples):
    assert expected.recording == "show-2"
    assert expected.duration == len(samples) / SAMPLE_RATE
    assert expected.vectors.shape == (len(expected.speakers), 200)
    assert expected.vectors.dtype == np.float32
    assert expected.model_hash == diarizer.model.vectors_hash
    in_order = list(dict.fromkeys(turn.speaker for turn in expected.annotation))
    assert in_order == list(expected.speakers) == [f"S{k + 1}" for k in range(len(in_order))]
    by_speaker = expected.annotation.speech_by_speaker()
    np.testing.assert_allclose(
        expected.speech_durations, [by_speaker[speaker] for speaker in expected.speakers]
    )
    assert list(expected.stage_seconds) == [
        "audio",
        "features",
        "speech",
        "segmentation",
        "windows",
        "clustering",
        "resegmentation",
        "ivectors",
    ]
    assert all(a.end <= b.start for a, b in pairwise(expected.annotation))


def test_the_size_of_blocks_does_not_count(diarizer, expected, monkeypatch):
    small_blocks = partial(stream, block_duration=0.37)
    monkeypatch.setattr(job_module, "stream", small_blocks)
    same(diarizer(SHOW), expected)


def test_samples_in_memory_are_the_file(diarizer, samples, expected):
    found = diarizer(Job("memory", Waveform(samples, SAMPLE_RATE)))
    same(found, expected)
    assert found.recording == "memory"
    assert diarizer(Waveform(samples[:16000], SAMPLE_RATE)).recording == "recording"


def test_ten_seconds_of_silence_before_shift_all_by_ten_seconds(diarizer, samples, expected):
    late = np.concatenate([np.zeros(10 * SAMPLE_RATE, np.float32), samples])
    found = diarizer(Job("show-2", Waveform(late, SAMPLE_RATE))).annotation
    assert found.turns[0].start >= 9.95
    shifted = Annotation("show-2", [(t.start - 10, t.end - 10, t.speaker) for t in found])
    # The detector looks around each frame, so the edge may move a little.
    error = diarization_error({"show-2": expected.annotation}, {"show-2": shifted}, collar=0)
    assert error.error_rate < 0.02
    assert shifted.turns[-1].end == pytest.approx(expected.annotation.turns[-1].end, abs=1e-6)


def test_turns_end_with_the_recording(diarizer, samples, reference):
    turn = reference["show-2"].turns[1]
    first, last = round((turn.start + 0.5) * SAMPLE_RATE), round((turn.end - 0.5) * SAMPLE_RATE)
    found = diarizer(Waveform(samples[first : last + 77], SAMPLE_RATE))
    assert found.annotation.turns[0].start == 0
    assert found.annotation.turns[-1].end == found.duration == (last - first + 77) / SAMPLE_RATE


def test_one_speaker_is_a_valid_answer(diarizer, samples, reference):
    turn = max(reference["show-2"], key=lambda turn: turn.duration)
    part = samples[round(turn.start * SAMPLE_RATE) : round(turn.end * SAMPLE_RATE)]
    assert diarizer(Waveform(part, SAMPLE_RATE)).speakers == ("S1",)


def test_speech_from_outside_is_kept(diarizer):
    speech = Timeline([(3.5, 9.0), (9.2, 12.0), (50.0, 51.0), (999.0, 1000.0)])
    found = diarizer(Job("show-2", SHOW, speech)).annotation
    covered = found.timeline()
    np.testing.assert_allclose(covered.starts, [3.5, 9.2, 50.0], atol=0.01)
    np.testing.assert_allclose(covered.ends, [9.0, 12.0, 51.0], atol=0.01)
    assert len(diarizer(Job("show-2", SHOW, Timeline())).annotation) == 0


def test_thresholds_from_one_speaker_to_many(diarizer, expected):
    model = diarizer.model
    for clustering in ("cc", "hac", "average"):
        one = model.within("cosine", clustering, -1.0)
        assert len(diarize(SHOW, model=model, comparison=one).speakers) == 1
    many = Diarizer(model, comparison=model.within("cosine", threshold=1.0))(SHOW)
    own = Diarizer(model, comparison=model.within("cosine", threshold=0.3))(SHOW)
    assert len(many.speakers) > len(own.speakers)
    assert many.annotation.timeline() == expected.annotation.timeline()


@pytest.fixture(scope="module")
def voices():
    """Four voices in turn, 3 s each, and where they speak."""
    turns = [(4 * k + 1.0, 4 * k + 4.0, list(VOICES)[k % 4]) for k in range(8)]
    samples = show(turns, 34, np.random.default_rng(0))
    speech = Timeline([(start, end) for start, end, _ in turns])
    return {"source": Waveform(samples, SAMPLE_RATE), "speech": speech}


def n_heard(found):
    """Speakers with turns, who are all there are."""
    assert tuple(dict.fromkeys(turn.speaker for turn in found.annotation)) == found.speakers
    assert len(found.vectors) == len(found.speech_durations) == len(found.speakers)
    assert (found.speech_durations > 0).all()
    return len(found.speakers)


@pytest.mark.parametrize("way", ["windows", "cc", "hac", "average"])
def test_as_many_speakers_as_asked_for(diarizer, voices, way):
    model = diarizer.model
    comparison = None if way == "windows" else model.within(clustering=way)
    for n in range(1, 7):
        job = Job("voices", **voices, num_speakers=n)
        found = Diarizer(model, comparison=comparison)(job)
        assert n_heard(found) == n
        assert found.annotation.timeline().duration == pytest.approx(24, abs=0.1)
    few = Diarizer(model, comparison=comparison, max_speakers=2)
    assert n_heard(few(Job("voices", **voices))) <= 2
    assert n_heard(few(Job("voices", **voices, min_speakers=5))) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("way", ["windows", "cc", "hac", "average"])
@pytest.mark.parametrize("name", ["show-1", "show-2", "show-3", "show-4"])
def test_as_many_speakers_in_the_examples_as_asked_for(diarizer, name, way):
    model, job = diarizer.model, EXAMPLES / "audio" / f"{name}.opus"
    comparison = None if way == "windows" else model.within(clustering=way)
    for n in range(1, 7):
        assert n_heard(diarize(job, model=model, comparison=comparison, num_speakers=n)) == n
    assert n_heard(diarize(job, model=model, comparison=comparison, min_speakers=6)) >= 6
    assert n_heard(diarize(job, model=model, comparison=comparison, max_speakers=3)) <= 3


def test_as_many_speakers_by_a_neural_embedding(voices):
    pytest.importorskip("onnxruntime", reason="needs trfast[neural]")
    file = SHARED / "embedders" / "campplus-int8.onnx"
    if not file.exists():
        pytest.skip("needs campplus-int8.onnx in the shared data folder 'embedders'")
    neural = Diarizer(load_model("campplus", embedder=file), max_speakers=2)
    for n in (1, 3, 6):
        assert n_heard(neural(Job("voices", **voices, num_speakers=n))) == n
    assert n_heard(neural(Job("voices", **voices))) <= 2
    with pytest.raises(ParameterError, match=r"\d+ units of speech in recording 'voices'"):
        neural(Job("voices", **voices, num_speakers=200))


def test_the_number_found_when_asked_for_changes_nothing(diarizer, expected):
    same(diarize(SHOW, model=diarizer.model, num_speakers=len(expected.speakers)), expected)


def test_a_number_of_speakers_that_there_cannot_be(diarizer, voices):
    by_segments = Diarizer(diarizer.model, comparison=diarizer.model.within())
    for each, parts in ((diarizer, "unit"), (by_segments, "segment")):
        message = (
            rf"\d+ {parts}s of speech in recording 'voices', too few for the 99 speakers asked"
        )
        with pytest.raises(ParameterError, match=message):
            each(Job("voices", **voices, num_speakers=99))
        silence = Job("silence", Waveform(np.zeros(16000, np.float32), 16000), max_speakers=2)
        assert each(silence).speakers == ()
        for asked in (
            replace(silence, max_speakers=None, num_speakers=2),
            replace(silence, min_speakers=1),
        ):
            with pytest.raises(ParameterError, match="no speech found in recording 'silence', but"):
                each(asked)
    with pytest.raises(ParameterError, match="the least number of speakers is 3, expected"):
        Diarizer(diarizer.model, min_speakers=3, max_speakers=2)


def test_bic_clusters_are_left_out_where_they_are_too_few():
    diarizer = Diarizer(plain_model(alpha=100.0))
    static = np.random.default_rng(0).normal(size=(500, 20)).astype(np.float32)
    bounds, two = np.array([(0, 200), (300, 500)]), SpeakerCount(2)
    joined = diarizer.embed(static, duration=5.0, recording="show", segments=bounds)
    with pytest.raises(ParameterError, match="1 cluster of speech in recording 'show', too few"):
        diarizer.cluster(joined, speaker_count=two)
    apart = diarizer.embed(
        static, duration=5.0, recording="show", segments=bounds, speaker_count=two
    )
    assert diarizer.cluster(apart, speaker_count=two).speakers == ("S1", "S2")


def test_the_energy_detector(diarizer, reference):
    found = Diarizer(diarizer.model, detector="energy")(SHOW).annotation.timeline()
    spoken = reference["show-2"].timeline()
    assert found.intersection(spoken).duration > 0.8 * spoken.duration


def test_a_channel(diarizer, samples):
    stereo = np.stack([np.zeros_like(samples), samples], axis=1)
    mono = diarizer(Waveform(samples, SAMPLE_RATE))
    same(diarizer(Job("show-2", Waveform(stereo, SAMPLE_RATE), channel=1)), mono)
    assert len(diarizer(Job("show-2", Waveform(stereo, SAMPLE_RATE), channel=0)).annotation) == 0
    with pytest.raises(AudioError, match=r"2 channel\(s\), so no channel 2"):
        diarizer(Job("show-2", Waveform(stereo, SAMPLE_RATE), channel=2))


def test_names_can_be_written(diarizer, samples, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "the late  show.wav", samples[:16000], SAMPLE_RATE)
    found = diarizer(tmp_path / "the late  show.wav")
    assert found.recording == "the_late_show"
    write_rttm(found.annotation, tmp_path / "out.rttm")


def test_a_diarizer_stays_small_on_its_way_to_other_processes(diarizer, expected):
    diarizer(SHOW)
    sent = pickle.dumps(diarizer)
    # Little more than the total variability matrix and the cohort: nothing made of it on the way.
    assert len(sent) < 1.4 * diarizer.model.total_variability.matrix_.nbytes
    received = pickle.loads(sent)
    assert received.fingerprint == diarizer.fingerprint
    same(received(SHOW), expected)


def test_the_energy_detector_from_the_command_line(tmp_path):
    arguments = ["diarize", str(SHOW), "-o", str(tmp_path), "--detector", "energy", "--jobs", "1"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    found = read_rttm(tmp_path / "show-2.rttm")["show-2"].timeline()
    expected = Diarizer(detector="energy")(SHOW).annotation.timeline()
    np.testing.assert_allclose(found.starts, expected.starts, atol=2e-3)
