"""What we write is read by the programs whose formats they are, and what they write by us."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.formats.test_formats import SHOW

from trfast.annotation import Annotation
from trfast.formats import read_turns, write_turns


def test_csv_as_ctm_has_it(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(
        "recording,channel,start,duration,speaker,words\r\nb,1,2.753,3.124,ann,hi\r\n\r\n"
    )
    assert read_turns(path) == {"b": Annotation("b", [(2.753, 5.877, "ann")])}


def test_seg_of_lium(tmp_path: Path) -> None:
    path = tmp_path / "show.seg"
    path.write_text(
        ";; cluster S0 [ score:FS = -33.7 ]\nshow 1 13 295 M S U S0\nshow 1 308 12 F T U S1\n"
    )
    assert (
        read_turns(path)["show"].turns
        == Annotation("", [(0.13, 3.08, "S0"), (3.08, 3.2, "S1")]).turns
    )


def test_textgrid_of_praat_short_and_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "show.TextGrid"
    path.write_bytes(
        (
            'File type = "ooTextFile"\r\nObject class = "TextGrid"\r\n\r\n'
            "0\r\n2.5\r\n<exists>\r\n2\r\n"
            '"IntervalTier"\r\n"Zoé ""Z"""\r\n0\r\n2.5\r\n2\r\n0\r\n1\r\n""\r\n1\r\n2.5\r\n"hi"\r\n'
            '"TextTier"\r\n"bell"\r\n0\r\n2.5\r\n1\r\n1\r\n"ding"\r\n'
        ).encode("utf-16")
    )
    assert read_turns(path) == {"show": Annotation("show", [(1, 2.5, 'Zoé "Z"')])}


def test_praatio_reads_our_textgrids(tmp_path: Path) -> None:
    textgrid = pytest.importorskip("praatio.textgrid")
    show = Annotation("show", [*SHOW.turns, (5, 6, 'Zoé "Z" <&>')])
    write_turns(show, tmp_path / "show.TextGrid")
    read = textgrid.openTextgrid(
        str(tmp_path / "show.TextGrid"), includeEmptyIntervals=False, reportingMode="error"
    )
    assert read.maxTimestamp == 3700
    assert [
        (turn.start, turn.end, turn.label)
        for name in read.tierNames
        for turn in read.getTier(name).entries
    ] == [tuple(part) for name in show.speakers for part in _of(show, name)]
    read.save(str(tmp_path / "short.TextGrid"), format="short_textgrid", includeBlankSpaces=True)
    assert read_turns(tmp_path / "short.TextGrid")["short"].turns == show.turns


def test_praat_reads_our_textgrids_and_we_read_its(tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    call = parselmouth.praat.call
    show = Annotation("show", [*SHOW.turns, (5, 6, 'Zoé "Z" item [1]: <exists> !x')])
    write_turns(show, tmp_path / "show.TextGrid")
    grid = parselmouth.read(str(tmp_path / "show.TextGrid"))
    assert [call(grid, "Get tier name", i + 1) for i in range(3)] == list(show.speakers)
    ann = list(show.speakers).index("ann") + 1
    assert call(grid, "Get number of intervals", ann) == 4  # and two silences
    times = ("Get start time of interval", "Get end time of interval")
    assert [call(grid, time, ann, 4) for time in times] == [61.12, 3700]
    assert call(grid, "Get label of interval", ann, 4) == "ann"
    for how in ("Save as text file", "Save as short text file"):  # in UTF-16, for the accent
        call(grid, how, str(tmp_path / "again.TextGrid"))
        assert read_turns(tmp_path / "again.TextGrid")["again"].turns == show.turns
    write_turns(Annotation("silence"), tmp_path / "silence.TextGrid")
    grid = parselmouth.read(str(tmp_path / "silence.TextGrid"))
    assert call(grid, "Get number of tiers") == 0


def test_pympi_reads_our_eaf(tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi")
    show = Annotation("show", [*SHOW.turns, (5, 6, 'Zoé "Z" <&\'>')])
    write_turns(show, tmp_path / "show.eaf")
    read = pympi.Eaf(str(tmp_path / "show.eaf"))
    assert list(read.get_tier_names()) == list(show.speakers)
    for name in show.speakers:
        assert read.get_parameters_for_tier(name)["PARTICIPANT"] == name
        assert read.get_annotation_data_for_tier(name) == [
            (1000 * start, 1000 * end, who) for start, end, who in _of(show, name)
        ]
    read.to_file(str(tmp_path / "again.eaf"))
    assert read_turns(tmp_path / "again.eaf")["again"].turns == show.turns


def test_what_only_refers_to_annotations_is_left_out(tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi")
    made = pympi.Eaf(author="")
    made.remove_tier("default")
    made.add_tier("ann", part="Ann Lee")
    made.add_annotation("ann", 500, 2500, "hello")
    made.add_linguistic_type("words", "Symbolic_Association", False)
    made.add_tier("translation", ling="words", parent="ann")
    made.add_ref_annotation("translation", "ann", 600, "salut")
    made.to_file(str(tmp_path / "show.eaf"))
    assert (
        read_turns(tmp_path / "show.eaf")["show"].turns
        == Annotation("", [(0.5, 2.5, "Ann Lee")]).turns
    )


@pytest.mark.parametrize(("name", "text"), [("srt", "[{}]"), ("vtt", "{}")])
def test_pysubs2_reads_our_subtitles(tmp_path: Path, name: str, text: str) -> None:
    pysubs2 = pytest.importorskip("pysubs2")
    path = tmp_path / f"show.{name}"
    write_turns(SHOW, path)
    assert [(cue.start, cue.end, cue.text) for cue in pysubs2.load(str(path))] == [
        (1000 * turn.start, 1000 * turn.end, text.format(turn.speaker)) for turn in SHOW
    ]


@pytest.mark.parametrize(
    ("name", "first"), [("srt", b"[Zo\xc3\xa9 & co]"), ("vtt", b"<v Zo\xc3\xa9 &amp; co>")]
)
def test_ffmpeg_reads_our_subtitles(tmp_path: Path, name: str, first: bytes) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / f"show.{name}"
    write_turns(Annotation("show", [(0.5, 2.5, "Zoé & co"), (61.12, 3700.0, "ben")]), path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
    assert [float(packet.pts * packet.time_base) for packet in packets] == [0.5, 61.12]
    assert [float(packet.duration * packet.time_base) for packet in packets] == [2, 3638.88]
    assert bytes(packets[0]).startswith(first)


def test_subtitles_of_other_programs(tmp_path: Path) -> None:
    (tmp_path / "show.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,500\n[SPEAKER_00]: hello\nthere\n\n\n"
        "2\n00:01:00,000 --> 00:01:01,000\n[ann] 7\n"
    )
    assert read_turns(tmp_path / "show.srt")["show"].turns == (
        Annotation("", [(1, 2.5, "SPEAKER_00"), (60, 61, "ann")]).turns
    )
    (tmp_path / "show.vtt").write_text(
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue {}\n\nfirst\n"
        "00:01.000 --> 01:00:02.500 align:start\n<v.loud Ann &amp;  Lee>hello</v>\n<v ben>hi\n"
    )
    assert read_turns(tmp_path / "show.vtt")["show"].turns == (
        Annotation("", [(1, 3602.5, "Ann & Lee"), (1, 3602.5, "ben")]).turns
    )


def test_pyannote_reads_our_rttm_and_uem(tmp_path: Path) -> None:
    util = pytest.importorskip("pyannote.database.util")
    from trfast.annotation import Timeline
    from trfast.formats import from_pyannote, write_uem

    write_turns(SHOW, tmp_path / "show.rttm")
    assert from_pyannote(util.load_rttm(tmp_path / "show.rttm")["show"]) == SHOW
    write_uem({"show": Timeline([(0, 2.5), (3, 4)])}, tmp_path / "show.uem")
    read = util.load_uem(tmp_path / "show.uem")["show"]
    assert [(part.start, part.end) for part in read] == [(0, 2.5), (3, 4)]


def _of(annotation: Annotation, speaker: str) -> list[tuple[float, float, str]]:
    return [(t.start, t.end, t.speaker) for t in annotation if t.speaker == speaker]
