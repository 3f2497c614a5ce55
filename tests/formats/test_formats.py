"""All formats: what is written is read back, and what cannot be is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trfast.annotation import Annotation
from trfast.errors import AnnotationError, MalformedFileError, ParameterError
from trfast.formats import (
    FORMATS,
    find_problems,
    format_of,
    json_schema,
    read_turns,
    write_turns,
)

SHOW = Annotation("show", [(0.5, 2.5, "ann"), (2.0, 4.25, "ben"), (61.12, 3700.0, "ann")])
WITH_SPEAKERS = [name for name, kind in FORMATS.items() if kind.has_speakers]
TEXTS = [name for name in WITH_SPEAKERS if FORMATS[name].is_text]
ALONE = [name for name, kind in FORMATS.items() if kind.alone]


# A folder is made once a test, and its file written anew.
IN_A_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


def file_of(folder: Path, name: str, recording: str = "show") -> Path:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    return folder / f"{recording}{FORMATS[name].suffix}"


@pytest.mark.parametrize("name", WITH_SPEAKERS)
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    write_turns(SHOW, path)
    assert read_turns(path) == {"show": SHOW}
    assert find_problems(path) == ()


@pytest.mark.parametrize("name", [name for name in WITH_SPEAKERS if name not in ALONE])
def test_several_recordings(tmp_path: Path, name: str) -> None:
    other = Annotation("other", [(0, 1, "ann")])
    path = file_of(tmp_path, name, "all")
    write_turns([SHOW, other], path)
    assert read_turns(path) == {"show": SHOW, "other": other}


@pytest.mark.parametrize("name", ALONE)
def test_one_recording_a_file(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    with pytest.raises(AnnotationError, match="holds one recording a file, got 2"):
        write_turns([SHOW, Annotation("other", [])], path)
    assert not path.exists()


@pytest.mark.parametrize("name", ["json", *ALONE])
def test_a_recording_in_which_nobody_speaks(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    write_turns(Annotation("show"), path)
    assert read_turns(path) == {"show": Annotation("show")}


# Times on a grid that every format has but .seg, whose grid is of 10 ms.
times = st.integers(0, 10**8)
everything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
hostile = st.sampled_from(
    [
        *("item [1]:", "intervals [2]:", 'a"b', '""', "<b>", "&amp;", "<v x>", "-->", "{i}"),
        *("a\tb", "a\nb", "a\r\nb", "a,b", ";;", "<NA>", "7", "00:00", "\\", "\u2028", "\x00"),
        *(
            "\r",
            "a\rb",
            "]]>",
            "NOTE",
            "WEBVTT",
            "xmin = 3",
            "!x",
            " a",
            "\ufeff",
            "\ufffe",
            "=1+1",
            "é",
        ),
    ]
)
names = everything | hostile


@settings(IN_A_FOLDER, max_examples=150)
@given(
    turns=st.lists(st.tuples(times, st.integers(1, 10**6), names), max_size=6),
    recording=names,
    name=st.sampled_from(TEXTS),
)
def test_what_cannot_be_read_back_is_not_written(
    tmp_path: Path, turns: list[tuple[int, int, str]], recording: str, name: str
) -> None:
    kind = FORMATS[name]
    step = max(kind.step, 0.001)
    if kind.alone:
        recording = "show"
    given_turns = [(round(a * step, 3), round((a + d) * step, 3), who) for a, d, who in turns]
    annotation = Annotation(recording, given_turns)
    path = tmp_path / f"show{kind.suffix}"
    try:
        write_turns(annotation, path)
    except AnnotationError:
        assume(False)
    expected = {recording: annotation} if turns or kind.alone or name == "json" else {}
    assert read_turns(path) == expected


@IN_A_FOLDER
@given(recording=names, turns=st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 1e9), names)))
@pytest.mark.parametrize("name", ["csv", "json", "parquet"])
def test_times_keep_all_their_digits(
    tmp_path: Path, name: str, recording: str, turns: list[tuple[float, float, str]]
) -> None:
    path = file_of(tmp_path, name)
    listed = [(min(a, b), max(a, b), who) for a, b, who in turns if a != b]
    annotation = Annotation(recording, listed)
    write_turns(annotation, path)
    assert read_turns(path).get(recording, Annotation(recording)) == annotation


def check_read_or_named(path: Path) -> None:
    try:
        found = read_turns(path)
    except MalformedFileError as error:
        found, problems = {}, error.problems
    else:
        problems = ()
    assert problems == find_problems(path)
    assert all(isinstance(annotation, Annotation) for annotation in found.values())


@pytest.mark.parametrize("name", TEXTS)
@IN_A_FOLDER
@given(data=st.binary(max_size=60) | everything.map(str.encode))
def test_whatever_a_file_holds_is_read_or_named(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / f"show{FORMATS[name].suffix}"
    path.write_bytes(data)
    check_read_or_named(path)


@pytest.mark.parametrize("name", TEXTS)
@IN_A_FOLDER
@given(
    changes=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 4),
            st.sampled_from(["", "9e999", "\n", '"', "<", "1" * 5000, "[", "\t", "-1", "null"]),
        ),
        max_size=3,
    )
)
def test_whatever_is_changed_in_a_file_is_read_or_named(
    tmp_path: Path, name: str, changes: list[tuple[float, int, str]]
) -> None:
    path = tmp_path / f"show{FORMATS[name].suffix}"
    write_turns(SHOW, path)
    text = path.read_text()
    for where, n_gone, new in changes:
        at = int(where * len(text))
        text = text[:at] + new + text[at + n_gone :]
    path.write_text(text)
    check_read_or_named(path)


@pytest.mark.parametrize("name", WITH_SPEAKERS)
@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (Annotation("show", [(-0.5, 1, "ann")]), "starts before 0"),
        (Annotation("show", [(0, 1, "")]), "name"),
        (Annotation("show", [(0, 1, "a\ud800")]), "name"),
    ],
)
def test_what_no_format_holds(
    tmp_path: Path, name: str, annotation: Annotation, message: str
) -> None:
    path = file_of(tmp_path, name)
    path.write_text("before")
    with pytest.raises(AnnotationError, match=message):
        write_turns(annotation, path)
    assert path.read_text() == "before"


@pytest.mark.parametrize("name", ["rttm", "seg"])
def test_names_of_several_words(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    with pytest.raises(AnnotationError, match="expected one word"):
        write_turns(Annotation("show", [(0, 1, "ann lee")]), path)


@pytest.mark.parametrize("name", ["textgrid", "eaf"])
def test_overlapping_turns_of_one_speaker_fit_no_tier(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    with pytest.raises(AnnotationError, match="overlaps another turn of 'ann'"):
        write_turns(Annotation("show", [(0, 2, "ann"), (1, 3, "ann")]), path)


def test_one_annotation_a_recording(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="several annotations are of one recording: 'show'"):
        write_turns([SHOW, SHOW], tmp_path / "all.csv")


def test_uem_has_no_speakers(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="uem has no speakers, and these turns have"):
        write_turns(SHOW, tmp_path / "all.uem")
    (tmp_path / "all.uem").write_text("show 1 0 60\n")
    with pytest.raises(AnnotationError, match="Read it with read_uem"):
        read_turns(tmp_path / "all.uem")


def test_the_suffix_says_the_format_in_any_case() -> None:
    assert format_of("a/SHOW.TEXTGRID") is FORMATS["textgrid"]
    assert format_of("a/show.txt", "rttm") is FORMATS["rttm"]
    with pytest.raises(ParameterError, match=r"show.doc: the suffix is that of no format"):
        format_of("show.doc")
    with pytest.raises(ParameterError, match=r"format 'doc', expected one of rttm"):
        format_of("show.rttm", "doc")


def test_lenient_readers_leave_bad_lines_out(tmp_path: Path) -> None:
    path = tmp_path / "show.seg"
    path.write_bytes("show 1 0 100 F S U Ém\nshow 1 x 100 F S U b\n".encode("latin-1"))
    with pytest.raises(MalformedFileError, match="line 1: byte 0xc9 is not UTF-8"):
        read_turns(path)
    assert read_turns(path, lenient=True) == {"show": Annotation("show", [(0, 1, "Ém")])}


BAD = [
    ("seg", "a 1 0 10 U U U x\na 1 0.5 10 U U U x", (2,), "start is '0.5', expected a whole"),
    ("seg", "a 1 0 10 U U U x y", (1,), "9 fields, expected 8"),
    ("csv", "", (1,), "no header"),
    ("csv", "recording,start,speaker\n", (1,), "the header is 'recording,start,speaker'"),
    ("csv", "recording,start,end,duration,speaker\n", (1,), "expected recording,start,end,speaker"),
    ("csv", "recording,start,end,speaker\na,0,x,b\na,0,1\na,0,1,\n", (2, 3, 4), "end is 'x'"),
    ("csv", 'recording,start,end,speaker\na,0,1,"b\nc"\na,2,1,b\n', (4,), "ends before it starts"),
    ("csv", 'recording,start,end,speaker\na,0,1,"b', (2,), "unexpected end of data"),
    ("json", "{", (1,), "not JSON"),
    ("json", "[]", (1,), "the whole is [], expected an object"),
    ("json", '{"version": 2, "recordings": []}', (1,), "version is 2, expected 1"),
    ("json", '{"version": 1}', (1,), "no 'recordings'"),
    (
        "json",
        '{"version": 1, "recordings": [\n{"name": "a", "turns": [\n'
        '{"start": -1, "end": 1, "speaker": "b"},\n{"start": 0, "end": true, "speaker": "b"},\n'
        '{"start": 0, "end": 1, "speaker": 5}, {"start": 2, "end": 1, "speaker": "b"}]},\n'
        '{"name": "a", "turns": []}]}',
        (3, 4, 5, 5, 6),
        "start is -1, expected a number of seconds",
    ),
    ("json", '{"version": 1, "recordings": [NaN]}', (0,), "NaN is no number of JSON"),
    ("json", '{"version": ' + "1" * 5000 + "}", (0,), "Exceeds the limit"),
    ("json", '{"version": 1, "version": 1}', (0,), "a key is there twice"),
    ("audacity", "0\t1\tann\n0 1 ann\n0\t1\t \nx\t1\tb\n", (2, 3, 4), "1 fields, expected 3"),
    ("srt", "1\n00:00:01,000 --> 00:00:0x,000\n[a]\n\n2\n", (2, 6), "expected times like 00:00:01"),
    ("srt", "1\n00:00:01,000 --> 00:00:02,000\nhello\n", (3,), "no speaker, expected a cue"),
    ("srt", "x\n00:00:01,000 --> 00:00:02,000\n[a]\n", (1,), "'x', expected the number of a cue"),
    ("vtt", "00:01.000 --> 00:02.000\n<v a>a\n", (1,), "expected WEBVTT"),
    ("vtt", "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000\nhello\n", (6,), "expected a cue that"),
    ("vtt", "WEBVTT\n\none\n00:01,000 --> 00:02.000\n<v a>a\n", (4,), "expected times like"),
    ("vtt", "WEBVTT\n\n00:03.000 --> 00:02.000\n<v a>a\n", (4,), "ends before it starts"),
    ("textgrid", "hello", (1,), "the file ends, expected"),
    ("textgrid", 'File type = "ooTextFile"\n"PitchTier"\n', (2,), "no TextGrid"),
    (
        "textgrid",
        '"ooTextFile" "TextGrid"\n0 9 <exists> 2\n"IntervalTier" "a" 0 9 3\n0 2 "x"\n1 3 "x"\n'
        '4 3 "x"\n"IntervalTier" "" 0 9 1\n0 9 "x"\n',
        (5, 6, 7),
        "an interval from 1.0 to 3.0 s after 2.0",
    ),
    ("textgrid", '"ooTextFile" "TextGrid" 0 9 <exists> 1\n"Tier"', (2,), 'class is "Tier"'),
    ("eaf", "<a>", (1,), "expected <ANNOTATION_DOCUMENT>"),
    ("eaf", "", (1,), "not XML"),
    ("eaf", "<!DOCTYPE a>\n<ANNOTATION_DOCUMENT/>", (1,), "a DOCTYPE"),
    (
        "eaf",
        '<ANNOTATION_DOCUMENT>\n<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="-5"/>\n'
        '<TIME_SLOT TIME_SLOT_ID="b"/>\n<TIER TIER_ID="x">\n'
        '<ALIGNABLE_ANNOTATION TIME_SLOT_REF1="b" TIME_SLOT_REF2="b"/>\n'
        '<ALIGNABLE_ANNOTATION TIME_SLOT_REF1="c" TIME_SLOT_REF2="b"/>\n'
        "<ALIGNABLE_ANNOTATION/>\n</TIER></ANNOTATION_DOCUMENT>",
        (2, 7, 5, 6),
        "TIME_VALUE is '-5', expected whole milliseconds",
    ),
]


@pytest.mark.parametrize(("name", "text", "lines", "message"), BAD)
def test_every_bad_line_is_named(
    tmp_path: Path, name: str, text: str, lines: tuple[int, ...], message: str
) -> None:
    path = tmp_path / f"show{FORMATS[name].suffix}"
    path.write_text(text)
    problems = find_problems(path)
    assert tuple(problem.line for problem in problems) == lines
    assert message in problems[0].message
    with pytest.raises(MalformedFileError) as error:
        read_turns(path)
    assert error.value.problems == problems


def test_json_is_as_the_schema_says(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    write_turns([SHOW, Annotation("silence")], tmp_path / "all.json")
    document = json.loads((tmp_path / "all.json").read_text())
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(document)
    for name, text, *_ in BAD:
        if name == "json" and text.startswith('{"version": 1, "recordings": [\n'):
            assert not validator.is_valid(json.loads(text))


def test_srt_ends_at_100_hours(tmp_path: Path) -> None:
    late = Annotation("show", [(0, 360_000, "ann")])
    with pytest.raises(AnnotationError, match="after 100 hours"):
        write_turns(late, tmp_path / "show.srt")
    write_turns(late, tmp_path / "show.vtt")
    assert read_turns(tmp_path / "show.vtt") == {"show": late}


def test_the_docs_list_all_formats() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "formats.md"
    rows = re.findall(r"^\| `(\w+)` \| `([.\w]+)`.*", page.read_text(), re.MULTILINE)
    assert dict(rows) == {name: kind.suffix for name, kind in FORMATS.items()}
