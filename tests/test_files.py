from pathlib import Path

import pytest

from trfast._files import replacing, write_atomic


@pytest.mark.parametrize(("content", "stored"), [("é\n", b"\xc3\xa9\n"), (b"\x00\n", b"\x00\n")])
def test_replaces_the_file(tmp_path: Path, content: str | bytes, stored: bytes) -> None:
    path = tmp_path / "out"
    path.write_text("before")
    write_atomic(path, content)
    assert path.read_bytes() == stored
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before")

    def fail() -> None:
        with replacing(path) as temporary:
            assert temporary.parent == tmp_path
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "missing" / "out", tmp_path / "folder"):
        with pytest.raises(OSError, match=r"folder|missing") as error:
            write_atomic(path, "text")
        assert error.value.filename == str(path)
        assert ".tmp" not in str(error.value)


@pytest.mark.parametrize("name", ["x" * 250, "\u00e9" * 127])
def test_names_as_long_as_names_can_be(tmp_path: Path, name: str) -> None:
    write_atomic(tmp_path / name, "text")
    assert [path.name for path in tmp_path.iterdir()] == [name]
