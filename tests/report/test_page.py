"""The HTML page: the data in it, and what may run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from trfast.annotation import Annotation
from trfast.errors import ParameterError
from trfast.report import write_report

SHOWS = [
    Annotation("monday", [(1.0, 4.0, "ann"), (4.0, 5.5, "ben"), (8.0, 9.0, "ann")]),
    Annotation("tuesday", [(0.0, 62.0, "ben"), (61.0, 70.0, "ben")]),
]
HOSTILE = "</script><script>alert(1)</script><!--<script>&\"'`$style\\"


def page(tmp_path: Path, shows: list[Annotation], **options: Any) -> str:
    path = tmp_path / "page.html"
    write_report(iter(shows), path, **options)
    return path.read_text(encoding="utf-8")


def data(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_turns_are_there_in_hundredths_of_a_second(tmp_path: Path) -> None:
    monday = data(page(tmp_path, SHOWS))["recordings"][0]
    assert monday == {
        "name": "monday",
        "duration": 900,
        "speakers": [0, 1],
        "speech": [400, 150],
        "turns": [100, 300, 0, 300, 150, 1, 400, 100, 0],
    }


def test_lanes_are_in_order_of_speech(tmp_path: Path) -> None:
    show = Annotation("show", [(0, 1, "ann"), (1, 4, "ben")])
    found = data(page(tmp_path, [show]))
    assert [found["speakers"][i] for i in found["recordings"][0]["speakers"]] == ["ben", "ann"]


def test_durations_are_taken(tmp_path: Path) -> None:
    found = data(page(tmp_path, SHOWS, durations={"monday": 12.0}))
    assert [recording["duration"] for recording in found["recordings"]] == [1200, 7000]


def test_overlapping_turns_of_a_speaker_count_once(tmp_path: Path) -> None:
    assert data(page(tmp_path, SHOWS))["recordings"][1]["speech"] == [7000]


def test_a_speaker_is_one_in_all_recordings(tmp_path: Path) -> None:
    found = data(page(tmp_path, SHOWS))
    assert found["speakers"] == ["ann", "ben"]
    assert [recording["speakers"] for recording in found["recordings"]] == [[0, 1], [1]]


def test_summary_and_failures(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS, facts={"Model": "default"}, failures={"bad": "no audio"})
    assert data(html)["facts"] == [["Model", "default"]]
    assert data(html)["failures"] == [["bad", "no audio"]]


def test_hostile_names_stay_data(tmp_path: Path) -> None:
    show = Annotation(HOSTILE, [(0, 1, HOSTILE)])
    html = page(tmp_path, [show], title=HOSTILE, failures={HOSTILE: HOSTILE})
    found = data(html)
    assert found["recordings"][0]["name"] == found["speakers"][0] == HOSTILE
    assert found["failures"] == [[HOSTILE, HOSTILE]]
    assert html.count("<script") == html.count("</script>") == 2
    assert "<!--" not in html


@pytest.mark.parametrize("name", ["a\0b\nc", "\u2028\u202e", "\x85", "\ufeff"])
def test_control_characters_are_kept(tmp_path: Path, name: str) -> None:
    assert data(page(tmp_path, [Annotation(name)]))["recordings"][0]["name"] == name


def test_a_name_that_is_no_unicode_can_be_shown(tmp_path: Path) -> None:
    found = data(page(tmp_path, [Annotation("\udce9t", [(0.0, 1.0, "ann")])]))
    assert found["recordings"][0]["name"] == r"\udce9t"


def test_only_its_own_script_and_style_are_allowed(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert not re.search(r"\son\w+=|\sstyle=", html)


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS)
    assert not re.search(r'\b(?:src|href|action)="(?!#)|:\s*url\(|@import|https?://', html)


def test_sound_beside_the_page_is_linked(tmp_path: Path) -> None:
    sounds: dict[str, Path] = {
        "monday": tmp_path.parent / "archive" / "mon:day #1%\udce9.wav",
        "tuesday": tmp_path.parent.parent / "elsewhere.wav",
    }
    monday, tuesday = data(page(tmp_path, SHOWS, sounds=sounds))["recordings"]
    assert monday["sound"] == "../archive/mon%3Aday%20%231%25%E9.wav"
    assert "sound" not in tuesday


def test_sound_is_embedded_while_there_is_room(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=(8000 * 10, 2))
    soundfile.write(tmp_path / "noise.wav", noise, 8000)
    shows = [Annotation(name, [(0, 10, "ann")]) for name in ("gone", "one", "two")]
    noises = dict.fromkeys(("one", "two"), tmp_path / "noise.wav")
    sounds = {"gone": tmp_path / "gone.wav", **noises}
    path = tmp_path / "page.html"
    left_out = write_report(shows, path, sounds=sounds, embed_limit=0.07)
    assert left_out.keys() == {"gone", "two"}
    assert "gone.wav" in left_out["gone"]
    assert "--embed-limit" in left_out["two"]
    html = path.read_text()
    ((number, sound),) = re.findall(r'text/plain" id="sound-(\d)">([^<]*)<', html)
    assert number == "1"
    mp3 = tmp_path / "inside.mp3"
    mp3.write_bytes(base64.b64decode(sound))
    info = soundfile.info(mp3)
    assert (info.format, info.samplerate, info.channels) == ("MP3", 16000, 1)
    assert info.duration == pytest.approx(10, abs=0.2)


def test_a_limit_below_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="embed_limit"):
        write_report(SHOWS, tmp_path / "page.html", embed_limit=-1)


@pytest.mark.parametrize(("durations", "expected"), [({}, 0), ({"empty": 3.0}, 300)])
def test_a_recording_without_speech(
    tmp_path: Path, durations: dict[str, float], expected: int
) -> None:
    (empty,) = data(page(tmp_path, [Annotation("empty")], durations=durations))["recordings"]
    assert (empty["duration"], empty["speakers"], empty["turns"]) == (expected, [], [])


def test_no_recordings(tmp_path: Path) -> None:
    assert data(page(tmp_path, []))["recordings"] == []


def test_a_page_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def stops() -> Iterator[Annotation]:
        yield SHOWS[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_report(stops(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []
