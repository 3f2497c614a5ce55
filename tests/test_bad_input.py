"""Bad input, through the command line and Python, with the model that is shipped."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import trfast
from tests.small import RATE
from trfast.audio import Waveform, load
from trfast.cli import main
from trfast.collection import Collection
from trfast.diarization import Diarizer, Job
from trfast.errors import AnnotationError, AudioError, ModelError
from trfast.formats import read_rttm

EXAMPLES = Path(__file__).parents[1] / "examples"


def noise(seconds, level=0.05):
    return level * np.random.default_rng(0).normal(size=round(seconds * RATE))


def pink_noise(seconds, level=0.05):
    spectrum = np.fft.rfft(noise(seconds, 1.0))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    samples = np.fft.irfft(spectrum)
    return level * samples / samples.std()


def one_voice(seconds=6):
    return load(EXAMPLES / "audio" / "show-1.opus")[54 * RATE :][: seconds * RATE].copy()


BROKEN = {
    "none": "does not exist. Check the path.",
    "empty": "is empty (0 bytes). Fetch or record it again.",
    "text": "is not audio that can be read",
    "nan": "holds NaN or infinity, first at 0.500 s.",
    "truncated": "is cut off or damaged:",
}
VALID = {"short": 0, "silence": 0, "hiss": 0, "voice": 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One file a kind of trouble, and valid ones with the number of speakers they hold."""
    folder = tmp_path_factory.mktemp("files")
    paths = {name: folder / f"{name}.wav" for name in BROKEN | VALID}
    paths["empty"].touch()
    paths["text"].write_text("These are not the samples you are looking for.\n" * 50)
    samples = one_voice(2)
    samples[RATE // 2] = np.nan
    soundfile.write(paths["nan"], samples, RATE, subtype="FLOAT")
    soundfile.write(paths["truncated"], one_voice(), RATE)
    whole = paths["truncated"].read_bytes()
    paths["truncated"].write_bytes(whole[: len(whole) // 2])
    soundfile.write(paths["short"], noise(0.1), RATE)
    soundfile.write(paths["silence"], np.zeros(3 * RATE), RATE)
    soundfile.write(paths["hiss"], noise(5), RATE)
    soundfile.write(paths["voice"], one_voice(), RATE)
    return paths


@pytest.fixture(scope="module")
def diarizer():
    return Diarizer()


def call(*arguments, status):
    result = CliRunner().invoke(main, [str(a) for a in arguments], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def check_failures(result, files):
    lines = result.stderr.splitlines()
    start = lines.index(f"trfast: {len(BROKEN)} of {len(files)} recordings failed:")
    assert lines[0] == "trfast: warning: suspicious sound in 3 recordings:"
    assert not {line.split(":")[0].strip() for line in lines[1:start]} & set(BROKEN)
    for line, name in zip(lines[start + 1 :], sorted(BROKEN), strict=True):
        assert line.startswith(f"  {name}: ")
        assert str(files[name]) in line
        assert BROKEN[name] in line


@pytest.mark.parametrize("name", BROKEN)
def test_a_clear_error(files, diarizer, name):
    with pytest.raises(AudioError) as error:
        diarizer(files[name])
    assert str(files[name]) in str(error.value)
    assert BROKEN[name] in str(error.value)


@pytest.mark.parametrize("name", VALID)
def test_a_valid_result(files, diarizer, name):
    found = diarizer(files[name])
    assert len(found.speakers) == VALID[name]
    assert found.vectors.shape == (VALID[name], 200)
    assert found.duration == pytest.approx(soundfile.info(files[name]).duration)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_diarize_lists_the_failed_and_writes_the_others(files, tmp_path, jobs):
    result = call("diarize", *files.values(), "-o", tmp_path, "--jobs", jobs, status=1)
    check_failures(result, files)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(VALID)
    for name, n_speakers in VALID.items():
        found = read_rttm(tmp_path / f"{name}.rttm")
        assert len(found[name].speakers if found else ()) == n_speakers


def test_run_lists_the_failed_and_links_the_others(files, tmp_path):
    result = call("run", *files.values(), "-o", tmp_path, "--jobs=1", status=1)
    check_failures(result, files)
    assert list(read_rttm(tmp_path / "collection.rttm")) == ["voice"]
    with Collection(tmp_path / "collection.sqlite") as collection:
        assert [r.name for r in collection.recordings()] == sorted(VALID)
        assert [f.recording for f in collection.failures()] == sorted(BROKEN.keys() - {"none"})


def test_a_recording_with_nothing_in_it_alone(files, tmp_path):
    call("diarize", files["silence"], "-o", tmp_path, status=0)
    assert (tmp_path / "silence.rttm").read_text() == ""
    result = call("run", files["silence"], "-o", tmp_path, status=0)
    assert "speakers" in result.stdout


@pytest.mark.parametrize("n_samples", [0, 1, 399, 400, 1600])
def test_next_to_no_samples(diarizer, n_samples):
    for samples in (np.zeros(n_samples), noise(1)[:n_samples]):
        found = diarizer(Waveform(samples, RATE))
        assert len(found.annotation) == 0
        assert found.duration == n_samples / RATE


def test_samples_that_are_no_numbers(diarizer):
    for value in (np.nan, np.inf, 1e20):
        samples = one_voice(1)
        samples[1600] = value
        with pytest.raises(AudioError, match=r"0\.100 s"):
            diarizer(Waveform(samples, RATE))


@pytest.mark.parametrize("make", [noise, pink_noise])
@pytest.mark.parametrize("level", [0.3, 0.05, 0.01])
def test_noise_is_not_speech(diarizer, make, level):
    found = diarizer(Waveform(make(20, level), RATE))
    assert found.annotation.timeline().duration < 1


def test_clipped_and_shifted_sound(diarizer):
    for samples in (np.clip(20 * one_voice(), -1, 1), one_voice() + 0.5, one_voice() / 1000):
        assert len(diarizer(Waveform(samples, RATE)).speakers) <= 1


def test_a_rttm_with_a_malformed_line(files, tmp_path):
    marks = tmp_path / "marks.rttm"
    marks.write_text(
        "SPEAKER voice 1 0.0 2.0 <NA> <NA> ben <NA> <NA>\n"
        "SPEAKER voice 1 2.0 -1 <NA> <NA> ben <NA> <NA>\n"
    )
    expected = f"{marks}: 1 malformed line\n  line 2: duration is -1, expected at least 0 seconds\n"
    result = call("diarize", files["voice"], "-o", tmp_path, "--speech", marks, status=1)
    assert result.stderr == f"trfast: error: {expected}"
    result = call("run", files["voice"], "-o", tmp_path, "--speech", marks, status=1)
    assert result.stderr == f"trfast: error: {expected}"
    result = call("evaluate", marks, EXAMPLES / "ref.rttm", status=1)
    assert result.stderr == f"trfast: error: {expected}"
    (tmp_path / "audio").mkdir()
    marks.rename(tmp_path / "ref.rttm")
    result = call("train", tmp_path, "-o", tmp_path / "model", status=1)
    assert "ref.rttm: 1 malformed line\n  line 2: duration is -1" in result.stderr
    with pytest.raises(AnnotationError, match="line 2: duration is -1"):
        read_rttm(tmp_path / "ref.rttm")


def test_a_model_that_is_none(files, tmp_path):
    for name, message in (
        ("text", "text.wav: not a model file"),
        ("voice", "voice.wav: not a model file"),
        ("empty", "empty.wav: not a model file"),
        ("none", "none.wav: no such model file"),
    ):
        for verb in ("diarize", "run"):
            result = call(
                verb, files["voice"], "-o", tmp_path / "out", "--model", files[name], status=1
            )
            assert result.stderr.startswith("trfast: error: ")
            assert message in result.stderr
        with pytest.raises(ModelError, match=message):
            trfast.load_model(files[name])
    assert not (tmp_path / "out").exists()


def test_marks_beyond_the_end_of_a_recording(files, diarizer):
    speech = trfast.Timeline([(5.0, 60.0), (70.0, 80.0)])
    found = diarizer(Job("voice", files["voice"], speech)).annotation
    assert found.timeline().ends.tolist() == [6.0]
