"""Names of recordings: all files get one, and all can be written."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import write
from trfast.annotation import Annotation
from trfast.audio import check_name, file_name, name_channels, name_recordings
from trfast.errors import ParameterError
from trfast.formats import read_rttm, write_rttm


def test_names_tell_files_apart(tmp_path: Path) -> None:
    first, second = tmp_path / "1" / "show.wav", tmp_path / "2" / "show.mp3"
    assert name_recordings([first, first, tmp_path / "a  b.wav"]) == {
        "show": first,
        "a_b": tmp_path / "a  b.wav",
    }
    assert name_recordings([second, first]) == {"1_show": first, "2_show": second}


def test_files_of_one_folder_keep_what_tells_them_apart(tmp_path: Path) -> None:
    def named(*files: str) -> dict[str, str]:
        found = name_recordings(tmp_path / file for file in files)
        return {str(Path(path).relative_to(tmp_path)): name for name, path in found.items()}

    assert named("a.wav", "a.mp3", "b.wav") == {"a.wav": "a.wav", "a.mp3": "a.mp3", "b.wav": "b"}
    assert named("1/a.wav", "1/a.mp3", "2/a.wav") == {
        "1/a.wav": "a.wav",
        "1/a.mp3": "a.mp3",
        "2/a.wav": "a",
    }
    assert named("a b.wav", "a_b.wav") == {"a b.wav": "a%20b.wav", "a_b.wav": "a_b.wav"}
    assert named("a.wav", "a.mp3", "a.wav.ogg")["a.wav.ogg"] == "a.wav"


def test_names_given_before_stay(tmp_path: Path) -> None:
    wav, mp3 = write(tmp_path, a="")[0], tmp_path / "a.mp3"
    assert name_recordings([mp3, wav], {"a": str(wav)}) == {"a": wav, "a.mp3": mp3}
    assert name_recordings([mp3], {"a": str(wav)}) == {"a.mp3": mp3}
    wav.unlink()
    assert name_recordings([mp3], {"a": str(wav)}) == {"a": mp3}
    assert name_recordings([mp3], {"a": None}) == {f"{tmp_path.name}_a": mp3}


def two(_: Path | str) -> int:
    return 2


def test_channels_have_names_of_their_own(tmp_path: Path) -> None:
    call, show = tmp_path / "a" / "call.wav", tmp_path / "show.wav"
    found = name_channels([call, show], lambda path: 2 if path == call else 1)
    assert found == {"call-ch1": (call, 0), "call-ch2": (call, 1), "show": (show, None)}
    other = tmp_path / "b" / "call.wav"
    assert list(name_channels([call, other], two)) == [
        *("a_call-ch1", "a_call-ch2", "b_call-ch1", "b_call-ch2")
    ]


def test_channels_keep_names_given_before(tmp_path: Path) -> None:
    call, other = tmp_path / "a" / "call.wav", tmp_path / "b" / "call.wav"
    for path in (call, other):
        write(path.parent, call="")
    known = {"call-ch1": str(call), "call-ch2": str(call)}
    found = name_channels([other, call], two, known)
    assert found["call-ch2"] == (call, 1)
    assert found["b_call-ch2"] == (other, 1)
    assert list(name_channels([other], two, known)) == ["b_call-ch1", "b_call-ch2"]
    # As a whole, the file has the name that its channels share.
    assert name_recordings([call], known) == {"call": call}


def test_a_channel_takes_no_name_of_a_file(tmp_path: Path) -> None:
    call, first = tmp_path / "call.wav", tmp_path / "call-ch1.wav"

    def channels(path: Path | str) -> int:
        return 2 if path == call else 1

    found = name_channels([call, first], channels)
    assert found.pop("call-ch1") == (first, None)
    assert list(found.values()) == [(call, 0), (call, 1)]
    again = name_channels(
        [call, first], channels, {"call-ch1": str(first), **dict.fromkeys(found, str(call))}
    )
    assert again == found | {"call-ch1": (first, None)}


def test_what_no_folder_tells_apart_is_marked() -> None:
    paths = [Path("/a/b_c.wav"), Path("/a_b/c.wav"), Path("/x/b_c.wav"), Path("/x/c.wav")]
    found = name_recordings(paths)
    assert sorted(found.values()) == sorted(paths)
    assert found == name_recordings(paths[::-1])


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"\xe9t\xe9", "%E9t%E9"),
        ("\u00e9t\u00e9".encode(), "\u00e9t\u00e9"),
        (b";;note", "%3B%3Bnote"),
        (b"<NA>", "%3CNA%3E"),
        (b"a\x1b[31mb", "a%1B[31mb"),
        (b"100%", "100%"),
    ],
)
def test_what_cannot_be_a_name_becomes_one(raw: bytes, name: str) -> None:
    path = os.fsdecode(raw + b".wav")
    assert list(name_recordings([path])) == [name]
    assert unquote_to_bytes(name) == raw


file_names = st.binary(min_size=1, max_size=20).map(
    lambda raw: os.fsdecode(raw.replace(b"/", b";").replace(b"\0", b" "))
)


@given(st.lists(st.tuples(st.sampled_from(["x", "y", "x_y"]), file_names), max_size=6))
def test_every_file_has_a_name_that_can_be_written(files: list[tuple[str, str]]) -> None:
    paths = {os.path.abspath(f"/{folder}/{file}") for folder, file in files}
    found = name_recordings(paths)
    assert sorted(map(str, found.values())) == sorted(paths)
    for name in found:
        assert check_name(name) == name
        assert len(os.fsencode(file_name(name, ".rttm"))) <= 255


@pytest.mark.parametrize("name", ["", "a b", "<NA>", ";;a", "a\tb", "a\0b", "a\udce9", "a\n"])
def test_names_given_by_hand_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="recording name"):
        check_name(name)


def test_long_names_make_files(tmp_path: Path) -> None:
    names = ["\u00e9" * 126 + end for end in "ab"]  # 253 bytes
    files = {tmp_path / file_name(name, ".rttm"): name for name in names}
    assert len(files) == 2
    for file, name in files.items():
        write_rttm(Annotation(name, [(0, 1, "ann")]), file)
        assert list(read_rttm(file)) == [name]
    assert file_name("a/b", ".rttm") == "a%2Fb.rttm"
