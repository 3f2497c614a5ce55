from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfast.annotation import Annotation, Timeline, Turn
from trfast.errors import AnnotationError
from trfast.formats import read_no_score, read_rttm, write_rttm

LINE = "SPEAKER show 1 0.500 2.000 <NA> <NA> ann <NA> <NA>\n"


@pytest.fixture
def rttm(tmp_path: Path) -> Path:
    return tmp_path / "show.rttm"


def test_reads_turns_by_recording(rttm: Path) -> None:
    rttm.write_text(LINE + LINE.replace("show", "b").replace("ann", "ben") + LINE)
    assert read_rttm(rttm) == {
        "show": Annotation("show", [(0.5, 2.5, "ann"), (0.5, 2.5, "ann")]),
        "b": Annotation("b", [(0.5, 2.5, "ben")]),
    }


def test_ends_have_no_floating_point_dust(rttm: Path) -> None:
    rttm.write_text("SPEAKER show 1 2.753 3.124 <NA> <NA> ann <NA> <NA>\n")
    assert 2.753 + 3.124 != 5.877
    assert read_rttm(rttm)["show"].turns == (Turn(2.753, 5.877, "ann"),)


def test_other_lines_of_the_specification_are_passed_over(rttm: Path) -> None:
    rttm.write_text(
        ";; a comment\n\n"
        "SPKR-INFO show 1 <NA> <NA> <NA> unknown ann <NA> <NA>\n"
        "LEXEME show 1 0.1 0.2 hello lex ann 0.9 <NA>\n"
        "NOSCORE show 1 0.1 0.2 <NA> <NA> <NA> <NA> <NA>\n" + LINE
    )
    assert read_rttm(rttm) == {"show": Annotation("show", [(0.5, 2.5, "ann")])}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_byte_order_mark_and_any_line_end(rttm: Path, end: str) -> None:
    rttm.write_bytes(b"\xef\xbb\xbf" + LINE.strip().encode() + end.encode())
    assert read_rttm(rttm)["show"].speakers == ("ann",)


def test_names_are_read_as_they_are(rttm: Path) -> None:
    rttm.write_text(LINE.replace("ann", "MÉO069").replace("show", "émission-1"), encoding="utf-8")
    assert read_rttm(rttm)["émission-1"].speakers == ("MÉO069",)


def test_a_turn_of_zero_duration_is_left_out(rttm: Path) -> None:
    rttm.write_text(LINE + LINE.replace("2.000", "0.000").replace("ann", "ben"))
    assert read_rttm(rttm)["show"].speakers == ("ann",)


def test_nine_fields_as_of_old_and_an_end(rttm: Path) -> None:
    rttm.write_text(LINE.replace(" <NA>\n", "\n") + "END\n")
    assert read_rttm(rttm) == {"show": Annotation("show", [(0.5, 2.5, "ann")])}


def test_what_is_not_to_be_scored(rttm: Path) -> None:
    noscore = "NOSCORE show 1 {} <NA> <NA> <NA> <NA> <NA>\n"
    rttm.write_text(noscore.format("4.0 2.0") + LINE + noscore.format("0.1 0.2"))
    assert read_no_score(rttm) == {"show": Timeline([(0.1, 0.3), (4, 6)])}
    rttm.write_text(noscore.format("x 2.0"))
    with pytest.raises(AnnotationError, match="line 1: start is 'x'"):
        read_no_score(rttm)


def test_an_empty_file_has_no_recordings(rttm: Path) -> None:
    rttm.write_text("")
    assert read_rttm(rttm) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LINE.replace("0.500", "-0.5"), "start is -0.5, expected at least 0 seconds"),
        (LINE.replace("2.000", "-2"), "duration is -2, expected at least 0 seconds"),
        (LINE.replace("0.500", "nan"), "start is 'nan', expected a finite number"),
        (LINE.replace("2.000", "inf"), "duration is 'inf', expected a finite number"),
        (LINE.replace("2.000", "1e999"), "duration is '1e999', expected a finite number"),
        (LINE.replace("2.000", "2,0"), "duration is '2,0', expected a finite number"),
        (LINE.replace("2.000", "2_0"), "duration is '2_0', expected a finite number"),
        (LINE.replace("0.500", "<NA>"), "start is '<NA>', expected a finite number"),
        (
            LINE.replace("0.500", "1.7e308").replace("2.000", "1.7e308"),
            "times must be finite, got 1.7e+308 to inf",
        ),
        (
            LINE.replace("0.500", "4e-10").replace("2.000", "1e-12"),
            "a segment ends before it starts: 4e-10 to 0.0 s",
        ),
        (LINE.replace("ann", "ann lee"), "11 fields, expected 10"),
        (LINE.replace(" 1 0.500", ""), "8 fields, expected 10 (or 9)"),
        (LINE.replace(" 1 ", " "), "duration is '<NA>', expected a finite number"),
        (LINE.replace("ann", "<NA>"), "speaker is <NA>, expected a name"),
        (LINE.replace("SPEAKER", "speaker"), "type is 'speaker', expected SPEAKER"),
        ("show 1 0.0 60.0\n", "type is 'show', expected SPEAKER"),
        ("{}\n", "type is '{}', expected SPEAKER"),
    ],
)
def test_a_malformed_line_is_named(rttm: Path, line: str, message: str) -> None:
    rttm.write_text(LINE + line + LINE)
    with pytest.raises(AnnotationError) as error:
        read_rttm(rttm)
    text = str(error.value)
    assert text.startswith(f"{rttm}: 1 malformed line\n")
    assert "line 2: " in text
    assert message in text


def test_all_malformed_lines_are_counted_and_ten_listed(rttm: Path) -> None:
    rttm.write_text(LINE + 12 * LINE.replace("2.000", "x"))
    with pytest.raises(AnnotationError) as error:
        read_rttm(rttm)
    text = str(error.value)
    assert text.startswith(f"{rttm}: 12 malformed lines\n  line 2: ")
    assert "line 11: " in text
    assert "line 12: " not in text
    assert text.endswith("\n  and 2 more")


def test_bytes_that_are_not_utf8_are_named(rttm: Path) -> None:
    rttm.write_bytes(LINE.encode() + LINE.replace("ann", "MÉO069").encode("latin-1"))
    with pytest.raises(AnnotationError, match=r"line 2: byte 0xc9 is not UTF-8"):
        read_rttm(rttm)


def test_a_file_that_is_not_there(rttm: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_rttm(rttm)


def test_writes_by_recording_then_time(rttm: Path) -> None:
    b = Annotation("b", [(3, 4.0006, "MÉO069"), (1.0004, 2, "ann")])
    a = Annotation("a", [(0, 1, "ben")])
    write_rttm([b, a], rttm)
    assert rttm.read_text(encoding="utf-8").splitlines() == [
        "SPEAKER a 1 0.000 1.000 <NA> <NA> ben <NA> <NA>",
        "SPEAKER b 1 1.000 1.000 <NA> <NA> ann <NA> <NA>",
        "SPEAKER b 1 3.000 1.001 <NA> <NA> MÉO069 <NA> <NA>",
    ]


def test_one_annotation_a_list_and_a_mapping_write_the_same(tmp_path: Path) -> None:
    show = Annotation("show", [(0.5, 2.5, "ann")])
    for name, what in (("1", show), ("2", [show]), ("3", {"show": show})):
        write_rttm(what, tmp_path / name)
        assert (tmp_path / name).read_text() == LINE


def test_a_turn_that_rounds_to_nothing_is_left_out(rttm: Path) -> None:
    write_rttm(Annotation("show", [(1.0, 1.0004, "ann")]), rttm)
    assert rttm.read_text() == ""


@pytest.mark.parametrize("name", ["ann lee", "", "ann\n", "a\u00a0b", "a\u2028b", "<NA>", "\ud800"])
def test_names_that_cannot_be_written(rttm: Path, name: str) -> None:
    rttm.write_text("before")
    with pytest.raises(AnnotationError, match="speaker name"):
        write_rttm(Annotation("show", [(0, 1, name)]), rttm)
    with pytest.raises(AnnotationError, match="recording name"):
        write_rttm(Annotation(name, [(0, 1, "ann")]), rttm)
    assert rttm.read_text() == "before"


def test_a_turn_before_zero_cannot_be_written(rttm: Path) -> None:
    with pytest.raises(AnnotationError, match="starts before 0"):
        write_rttm(Annotation("show", [(-0.5, 1, "ann")]), rttm)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name.split() == [name] and name != "<NA>" and not name.startswith(";;")
)
milliseconds = st.integers(0, 10**8)


@settings(deadline=None)
@given(
    recording=names,
    turns=st.lists(st.tuples(milliseconds, st.integers(1, 10**6), names), min_size=1),
)
def test_what_is_written_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, recording: str, turns: list[tuple[int, int, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.rttm"
    show = Annotation(recording, [(a / 1000, (a + d) / 1000, name) for a, d, name in turns])
    write_rttm(show, path)
    assert read_rttm(path) == {recording: show}


def test_voxconverse(golden: Path) -> None:
    recordings = read_rttm(golden / "vox_test_ref.rttm")
    assert len(recordings) == 232
    assert sum(len(annotation) for annotation in recordings.values()) == 19475
