"""Files of turns that are damaged: errors of ours, or what can still be read."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from tests.formats.test_formats import SHOW, file_of
from tests.mutations import mutations

from trfast.errors import TrfastError
from trfast.formats import (
    FORMATS,
    find_problems,
    read_no_score,
    read_rttm,
    read_turns,
    read_uem,
    write_turns,
)

WORDS = [
    *(
        b"nan",
        b"inf",
        b"-1",
        b"1e999",
        b"1" * 400,
        b"0x1",
        b"\xff",
        b"\x00",
        b"\xef\xbb\xbf",
        b"\r",
    ),
    *(
        b'"',
        b"'",
        b",",
        b"\t",
        b"\n\n",
        b"[]",
        b"{}",
        b"null",
        b"true",
        b"[" * 3000,
        b"<NA>",
        b";;",
    ),
    *(b"<a>", b"</", b"&x;", b"<![CDATA[", b"-->", b"<v ", b"00:", b"item [9]:", b"\xe2\x80\xae"),
    *(b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", b"\xf0\x9f\x98\x80", "٣".encode()),
]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    turns = [] if name == "uem" else [SHOW]
    write_turns(turns, path)
    if name == "uem":
        path.write_text("show 1 0.0 2.5\nshow 1 4 60\n")
    n_read = 0
    for mutated in mutations(path.read_bytes(), 300, words=WORDS):
        path.write_bytes(mutated)
        for read in (
            lambda: read_turns(path),
            lambda: read_turns(path, lenient=True),
            lambda: find_problems(path),
            lambda: read_uem(path),
            lambda: read_rttm(path),
            lambda: read_no_score(path),
        ):
            with suppress(TrfastError), warnings.catch_warnings():
                read()
                n_read += 1
    assert n_read
