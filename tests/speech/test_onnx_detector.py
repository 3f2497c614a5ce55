"""OnnxDetector: probabilities by hand, blocks, regions, what is refused, and the whole way."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from tests.networks import write_detector, write_network
from tests.small import small_model, write_collection
from trfast.annotation import Annotation, Timeline
from trfast.audio import load, stream
from trfast.cli import main
from trfast.diarization import Diarizer, Job
from trfast.diarization import job as job_module
from trfast.errors import (
    AudioError,
    MissingExtraError,
    ModelError,
    ParameterError,
    ParameterTypeError,
    TrfastError,
)
from trfast.formats import read_rttm
from trfast.model import load_model
from trfast.speech import OnnxDetector, OnnxDetectorConfig
from trfast.training.labelled import LabelledCollection
from trfast.training.tuning import tune_model

pytest.importorskip("onnxruntime", reason="needs trfast[neural]")

HOP = 0.032


@pytest.fixture
def detector(tmp_path: Path) -> OnnxDetector:
    return OnnxDetector(write_detector(tmp_path / "loudness.onnx"))


@pytest.fixture
def samples() -> npt.NDArray[np.float32]:
    """12.5 s: more than two batches, and not a whole number of windows."""
    rng = np.random.default_rng(0)
    loud = np.repeat(rng.uniform(0, 0.03, 25), 8000)
    return (loud * rng.normal(size=len(loud))).astype(np.float32)[:199_990]


def joined(detector: OnnxDetector, blocks: Any) -> npt.NDArray[np.float32]:
    return np.concatenate(list(detector.stream(blocks)))


def test_probabilities_by_hand(detector: OnnxDetector, samples: Any) -> None:
    whole = np.concatenate([np.zeros(64), samples, np.zeros(-len(samples) % 512)])
    means = [np.abs(whole[a : a + 576]).mean() for a in range(0, len(whole) - 64, 512)]
    odds = 300 * (np.array(means) - 0.01) + np.cumsum(means) / 100
    found = joined(detector, samples)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds)), atol=1e-5)


@pytest.mark.parametrize("size", [100, 5_000, 65_536, 150_000])
def test_the_size_of_blocks_does_not_count(detector: OnnxDetector, samples: Any, size: int) -> None:
    blocks = [samples[first : first + size] for first in range(0, len(samples), size)]
    np.testing.assert_array_equal(joined(detector, blocks), joined(detector, samples))
    assert detector.detect(blocks) == detector.detect(samples)


def test_a_piece_for_each_block_and_one_for_the_rest(detector: OnnxDetector) -> None:
    blocks = [np.zeros(n, np.float32) for n in (40_000, 40_000, 10)]
    assert [len(found) for found in detector.stream(iter(blocks))] == [0, 128, 0, 29]


def test_a_little_sound_and_none(detector: OnnxDetector) -> None:
    assert len(joined(detector, np.zeros(1, np.float32))) == 1
    assert len(joined(detector, np.empty(0, np.float32))) == 0
    assert detector.detect(np.empty(0, np.float32)) == Timeline()
    assert detector.detect([]) == Timeline()


def regions(probabilities: Any, duration: float | None = None, **config: float) -> Any:
    """Windows of the regions found, of probabilities for which no file is asked."""
    config = {"penalty": 5.0, "bias": 0.0, "min_gap": 0.0, "min_duration": 0.0} | config
    config = {"padding": 0.0} | config
    bare = OnnxDetector.__new__(OnnxDetector)
    bare.config = OnnxDetectorConfig(**config)
    length = HOP * len(probabilities) if duration is None else duration
    found = bare.timeline(probabilities, length)
    return np.round(np.stack([found.starts, found.ends], axis=1) / HOP, 3).tolist()


def pattern(*parts: tuple[int, float]) -> npt.NDArray[np.float32]:
    return np.concatenate([np.full(n, p, np.float32) for n, p in parts])


def test_regions_are_the_best_path() -> None:
    # Log-odds of 0.9: 2.197; a change costs 5, so that two windows are not worth two changes.
    assert regions(pattern((10, 0.1), (2, 0.9), (10, 0.1), (5, 0.9), (10, 0.1))) == [[22, 27]]
    assert regions(pattern((10, 0.1), (2, 0.9), (10, 0.1)), penalty=2) == [[10, 12]]
    assert regions(pattern((10, 1.0), (10, 0.0), (10, 1.0))) == [[0, 10], [20, 30]]


def test_bias_gaps_short_speech_and_padding() -> None:
    doubt = pattern((10, 0.4), (10, 0.01))
    assert regions(doubt) == []
    assert regions(doubt, bias=2.0) == [[0, 10]]
    gap = pattern((20, 0.0), (20, 1.0), (4, 0.0), (20, 1.0), (20, 0.0), (4, 1.0), (20, 0.0))
    assert regions(gap) == [[20, 40], [44, 64], [84, 88]]
    assert regions(gap, min_gap=4.5 * HOP, min_duration=4.5 * HOP) == [[20, 64]]
    assert regions(gap, padding=HOP) == [[19, 41], [43, 65], [83, 89]]
    assert regions(gap, padding=3 * HOP) == [[17, 67], [81, 91]]
    ends = pattern((20, 1.0), (20, 0.0), (20, 1.0))
    assert regions(ends, padding=HOP, duration=59.5 * HOP) == [[0, 21], [39, 59.5]]


def test_another_process_opens_the_file_again(tmp_path: Path, samples: Any) -> None:
    config = OnnxDetectorConfig(bias=-0.5)
    detector = OnnxDetector(write_detector(tmp_path / "loudness.onnx"), config=config)
    copy = pickle.loads(pickle.dumps(detector))
    assert copy.settings == detector.settings
    assert copy.detect(samples) == detector.detect(samples)
    assert "loudness.onnx" in repr(copy)


@pytest.mark.parametrize("made", [{"width": 640}, {"windows": 1}, {"gives_state": False}])
def test_what_takes_or_gives_something_else(tmp_path: Path, made: Any) -> None:
    with pytest.raises(ModelError, match=r"takes samples .* and gives speech .*; expected windows"):
        OnnxDetector(write_detector(tmp_path / "other.onnx", **made))


def test_an_embedding_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"takes feats .*silero_vad_16k_sequence\.onnx"):
        OnnxDetector(write_network(tmp_path / "embedding.onnx"))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        OnnxDetector(tmp_path / "nothing.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ModelError, match="not an ONNX model that can be run here"):
        OnnxDetector(tmp_path / "text.onnx")


def test_without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r'onnxruntime: pip install "trfast\[neural\]"'):
        OnnxDetector(write_detector(tmp_path / "loudness.onnx"))


def test_what_is_no_probability(tmp_path: Path, samples: Any) -> None:
    detector = OnnxDetector(write_detector(tmp_path / "odds.onnx", bounded=False))
    with pytest.raises(ModelError, match="expected a probability for each"):
        detector.detect(samples)


WRONG: list[tuple[Callable[[Any], Any], type[TrfastError], str]] = [
    (lambda d: d.detect(np.full(9, np.nan, np.float32)), AudioError, "NaN or infinity"),
    (lambda d: d.detect(np.zeros(9, np.int16)), ParameterError, "got int16; divide"),
    (lambda d: d.detect(np.zeros((9, 2))), ParameterError, r"1-D \(one channel\)"),
    (lambda d: d.detect(5), ParameterTypeError, "array or blocks of it, got int"),
    (lambda d: d.detect([0.5]), ParameterError, r"got shape \(\)"),
    (lambda d: d.timeline(np.zeros(30), 0.9), ParameterError, "each 0.032 s of 0.9 s, got 30"),
    (lambda d: d.timeline(["a"], 0.01), ParameterError, "must hold numbers"),
    (lambda d: OnnxDetector(d.path, config=5), ParameterTypeError, "config must be of type"),  # type: ignore[arg-type]
    (lambda _: OnnxDetectorConfig(penalty=-1), ParameterError, "penalty must be 0 or more"),
    (lambda _: OnnxDetectorConfig(bias=np.inf), ParameterError, "bias must be a finite"),
    (lambda d: Diarizer(detector=d.path), ParameterTypeError, "path: OnnxDetector"),
    (lambda d: Diarizer(detector=str(d.path)), ParameterTypeError, "path: OnnxDetector"),  # type: ignore[arg-type]
    (
        lambda d: Diarizer(detector=d).embed(np.zeros((9, 20)), duration=0.1, recording="a"),
        ParameterError,
        r"hears samples, not frames: give speech, as its detect\(samples\)",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_wrong_arguments(
    detector: OnnxDetector, call: Callable[..., Any], kind: type[TrfastError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        call(detector)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shows with speech at 1 to 5, 7 to 11 and 13 to 17 s; a model and a detector for them."""
    path = write_collection(tmp_path_factory.mktemp("heard") / "voices")
    small_model().save(path / "model")
    write_detector(path / "loudness.onnx")
    return path


def assert_heard(annotation: Annotation) -> None:
    found = annotation.timeline().merged()
    np.testing.assert_allclose(found.starts, [1, 7, 13], atol=0.15)
    np.testing.assert_allclose(found.ends, [5, 11, 17], atol=0.15)


def test_a_diarizer_hears_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = OnnxDetector(folder / "loudness.onnx")
    diarizer = Diarizer(small_model(), detector=detector)
    show = folder / "audio" / "show-0.wav"
    expected = diarizer(show)
    assert_heard(expected.annotation)
    assert list(expected.stage_seconds)[:3] == ["audio", "features", "speech"]
    given = diarizer(Job("show-0", show, speech=detector.detect(stream(show))))
    assert given.annotation == expected.annotation
    assert pickle.loads(pickle.dumps(diarizer))(show).annotation == expected.annotation
    monkeypatch.setattr(job_module, "stream", lambda *_, **__: stream(show, block_duration=0.37))
    assert diarizer(show).annotation == expected.annotation


def test_speech_marks_go_before_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = OnnxDetector(folder / "loudness.onnx")
    diarizer = Diarizer(small_model(), detector=detector)
    monkeypatch.setattr(detector, "stream", None)  # nobody asks it
    found = diarizer(Job("show-0", folder / "audio" / "show-0.wav", Timeline([(2, 4)])))
    np.testing.assert_allclose(found.annotation.timeline().merged().starts, [2], atol=0.01)


def test_the_fingerprint_names_file_and_settings(folder: Path, tmp_path: Path) -> None:
    model, path = small_model(), folder / "loudness.onnx"
    longer = OnnxDetectorConfig(padding=0.1)
    detectors: list[str | OnnxDetector] = [
        "model",
        OnnxDetector(path),
        OnnxDetector(path, config=longer),
        OnnxDetector(write_detector(tmp_path / "other.onnx", windows="n")),
    ]
    found = {Diarizer(model, detector=detector).fingerprint for detector in detectors}  # type: ignore[arg-type]
    assert len(found) == 4
    assert Diarizer(model, detector=OnnxDetector(path)).fingerprint in found


def call(*words: Any, status: int = 0) -> str:
    result = CliRunner().invoke(main, [*map(str, words)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize("verb", ["diarize", "run"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_from_the_command_line(folder: Path, tmp_path: Path, verb: str, jobs: int) -> None:
    words = ["--model", folder / "model", "--detector", folder / "loudness.onnx", "--quiet"]
    call(verb, folder / "audio", "-o", tmp_path, *words, "--jobs", jobs)
    found = read_rttm(tmp_path / ("show-1.rttm" if verb == "diarize" else "collection.rttm"))
    assert_heard(found["show-1"])


def test_files_for_the_command_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["diarize", folder / "audio", "-o", tmp_path / "out", "--detector"]
    assert "is neither model nor energy nor a file" in call(*words, "enrgy", status=2)
    assert "a path is empty" in call(*words, "", status=2)
    assert "not an ONNX model" in call(*words, folder / "ref.rttm", status=1)
    assert "cannot be read: Is a directory" in call(*words, folder, status=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    shown = call(*words, folder / "loudness.onnx", status=1)
    assert 'pip install "trfast[neural]"' in shown
    assert not (tmp_path / "out").exists()


def test_thresholds_for_what_it_hears(folder: Path, tmp_path: Path) -> None:
    words = ["--model", folder / "model", "--detector", folder / "loudness.onnx", "--jobs=1"]
    call("tune", folder, "-o", tmp_path / "tuned", *words, "--quiet")
    collection, detector = LabelledCollection.read(folder), OnnxDetector(folder / "loudness.onnx")
    tuning = tune_model(small_model(), collection, detector=detector, jobs=1)
    tuned = load_model(tmp_path / "tuned")
    assert tuned.content_hash == tuning.model.content_hash
    deaf = OnnxDetector(folder / "loudness.onnx", config=OnnxDetectorConfig(bias=-1e3))
    nothing = tune_model(small_model(), collection, detector=deaf, jobs=1)
    assert {found.i_der for kinds in nothing.errors.values() for found in kinds.values()} == {1.0}
    assert tuning.errors["cosine"]["cc"].i_der < 1


@pytest.mark.skipif(find_spec("silero_vad") is None, reason="needs silero-vad")
def test_silero_equals_its_model_of_single_windows() -> None:
    import onnxruntime

    spec = find_spec("silero_vad")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).parent / "data"
    voice = load(Path(__file__).parents[2] / "examples" / "audio" / "show-1.opus")[:160_000]
    single = onnxruntime.InferenceSession(data / "silero_vad_16k_op15.onnx")
    state, before, expected = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for first in range(0, len(voice) - 511, 512):
        window = np.concatenate([before, voice[first : first + 512]])[None]
        given = {"input": window, "state": state, "sr": np.array(16_000)}
        probability, state = single.run(None, given)
        expected.append(probability.item())
        before = window[0, -64:]
    found = joined(OnnxDetector(data / "silero_vad_16k_sequence.onnx"), voice)
    np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-4)
    assert found.max() > 0.9
