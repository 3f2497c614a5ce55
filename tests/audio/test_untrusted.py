"""Files that somebody made to do harm: a recording opens no other file, and claims no days."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from tests.audio.test_source import tones, write, write_av
from trfast.audio import LONGEST_GAPS, SAMPLE_RATE, ffmpeg, libsndfile, load, probe
from trfast.errors import AudioError

# Each names another file, by the path FILE or as its neighbour NAME.
LISTS = {
    "list.mp3": "ffconcat version 1.0\nfile NAME\n" + "file NAME\n" * 9,
    "list.wav": "ffconcat version 1.0\nfile 'FILE'\n",
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nFILE\n#EXT-X-ENDLIST\n",
    "hls.ts": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nNAME\n#EXT-X-ENDLIST\n",
    "list.m3u": "#EXTM3U\nFILE\n",
    "list.pls": "[playlist]\nFile1=FILE\nNumberOfEntries=1\n",
    "list.xspf": "<playlist><trackList><track><location>FILE</location></track></trackList>"
    "</playlist>",
    "show.mpd": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
    ' mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="audio/wav">'
    '<Representation id="0" bandwidth="1"><BaseURL>FILE</BaseURL><SegmentList><SegmentURL'
    ' media="FILE"/></SegmentList></Representation></AdaptationSet></Period></MPD>',
    "show.ism": '<SmoothStreamingMedia MajorVersion="2"><c n="0" t="0" Url="FILE"/>'
    "</SmoothStreamingMedia>",
    "show.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 5004 RTP/AVP 0\n",
    "rtsp.mov": "RTSPtextrtsp://127.0.0.1/FILE\n",
    "show.asx": '<ASX version="3.0"><Entry><Ref href="FILE"/></Entry></ASX>',
    "show.ram": "FILE\n",
    "show.imf": '<?xml version="1.0"?><CompositionPlaylist><Id>urn:uuid:0</Id>'
    "</CompositionPlaylist>",
    "show.idx": "# VobSub index file, v7\ntimestamp: 00:00:00:000, filepos: 000000000\n",
    "beats.sbg": "-SE\nx: mix/99\nNOW x\n",
    "graph.lavfi": "amovie=FILE\n",
}


@pytest.fixture
def neighbour(tmp_path: Path) -> Path:
    path = write(tmp_path / "neighbour.wav", tones(1.0, SAMPLE_RATE), SAMPLE_RATE)
    os.utime(path, ns=(0, path.stat().st_mtime_ns))
    return path


@pytest.mark.parametrize("name", LISTS)
def test_what_names_other_files_is_refused(tmp_path: Path, neighbour: Path, name: str) -> None:
    path = tmp_path / name
    text = LISTS[name].replace("FILE", str(neighbour)).replace("NAME", neighbour.name)
    path.write_text(text)
    for given in (path, path.read_bytes()):
        with pytest.raises(AudioError, match="is not audio that can be read"):
            load(given)
    # Linux notes that a file was read where that was never noted, or before it was written.
    assert neighbour.stat().st_atime_ns == 0


def test_a_playlist_is_told_for_what_it_is(tmp_path: Path, neighbour: Path) -> None:
    (tmp_path / "list.mp3").write_text(f"ffconcat version 1.0\nfile {neighbour.name}\n")
    with pytest.raises(AudioError, match="playlists and what else names other files never are"):
        probe(tmp_path / "list.mp3")


def test_the_lists_do_open_files_where_formats_are_free(
    tmp_path: Path, neighbour: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = ",".join(sorted(av.formats_available))
    monkeypatch.setattr(ffmpeg, "_DEMUXERS", free)
    path = tmp_path / "list.mp3"
    path.write_text(f"ffconcat version 1.0\nfile {neighbour.name}\n")
    assert len(load(path)) == SAMPLE_RATE
    if sys.platform == "linux" and not os.statvfs(neighbour).f_flag & os.ST_NOATIME:
        assert neighbour.stat().st_atime_ns > 0


def test_every_kind_that_is_opened_is_a_kind_of_sound() -> None:
    opened = set(ffmpeg._DEMUXERS.split(","))
    assert not opened & {"concat", "dash", "hls", "image2", "imf", "lavfi", "rtp", "rtsp", "sdp"}
    assert not {name for name in opened if name.endswith("_pipe") or name.startswith("webm_dash")}
    known = {word for name in av.formats_available for word in name.split(",")}
    assert len(opened & known) > len(opened) - 8  # FFmpeg drops one now and then


def make_avi(path: Path, seconds_a_sample: int) -> Path:
    """An AVI file whose sound has time stamps that are far apart."""
    write_av(path, tones(3.0, SAMPLE_RATE), SAMPLE_RATE, "mp2")
    content = bytearray(path.read_bytes())
    at = content.find(b"auds") + 20
    struct.pack_into("<II", content, at, seconds_a_sample, 1)
    path.write_bytes(content)
    return path


def test_a_small_file_that_claims_days(tmp_path: Path) -> None:
    path = make_avi(tmp_path / "days.avi", 100_000)
    for read in (probe, load):
        with pytest.raises(AudioError, match=r"that it holds .*SECONDS_A_BYTE of trfast.audio"):
            read(path)


def test_gaps_are_filled_up_to_a_limit(tmp_path: Path) -> None:
    signal = tones(1.0, SAMPLE_RATE)
    path = write_av(tmp_path / "late.mkv", signal, SAMPLE_RATE, "flac", delay=20.0, video=True)
    assert len(load(path)) == pytest.approx(21 * SAMPLE_RATE, abs=SAMPLE_RATE / 100)
    later = LONGEST_GAPS + 60.0
    far = write_av(tmp_path / "far.mkv", signal, SAMPLE_RATE, "flac", delay=later, video=True)
    far.write_bytes(far.read_bytes() + bytes(200_000))  # for its size allows hours
    with pytest.raises(AudioError, match=r"gaps of 21,660 s .*\(LONGEST_GAPS of trfast.audio"):
        load(far)


def test_more_sound_than_the_bytes_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "silence.flac", np.zeros(SAMPLE_RATE * 60), SAMPLE_RATE)
    assert len(load(path)) == 60 * SAMPLE_RATE
    monkeypatch.setattr("trfast.audio.limits.SECONDS_ANY", 1)
    monkeypatch.setattr("trfast.audio.limits.SECONDS_A_BYTE", 0.001)
    with pytest.raises(AudioError, match=r"silence.flac says that it holds 60 s of sound in"):
        load(path)
    monkeypatch.setattr(
        libsndfile, "_UNKNOWN_FRAMES", SAMPLE_RATE * 60
    )  # says nothing of its length
    with pytest.raises(AudioError, match=r"silence.flac (gives|says)"):
        load(path)
