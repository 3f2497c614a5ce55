"""Short reprs, and what a notebook shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import trfast
from trfast import Annotation, Collection, Comparison, Diarization, Timeline, Waveform, load_model
from trfast._pictures import timeline_picture
from trfast.scoring import Backend

EVIL = '<script>alert("&")</script>'


def diarization(name: str = "monday", speaker: str = "S1") -> Diarization:
    return Diarization(
        annotation=Annotation(name, [(0.0, 2.0, speaker), (2.0, 3.5, "S2")]),
        speakers=(speaker, "S2"),
        vectors=np.eye(2, 200, dtype=np.float32),
        speech_durations=np.array([2.0, 1.5]),
        duration=4.0,
        model_hash=load_model().vectors_hash,
    )


def well_formed(html: str) -> ElementTree.Element:
    assert "script>" not in re.sub("&lt;/?script&gt;", "", html)
    return ElementTree.fromstring(html)


def test_reprs_are_short() -> None:
    assert repr(diarization()) == "<Diarization of 'monday': 4.0 s, 2 turns, 2 speakers>"
    many = Timeline([(k, k + 0.5) for k in range(1000)])
    assert repr(many).endswith("(6.0, 6.5), ... 1000 segments])")
    assert repr(Timeline([(0, 1)])) == "Timeline([(0.0, 1.0)])"
    samples = np.zeros((16_000, 2), np.int16)
    assert repr(Waveform(samples, 16_000)) == "<Waveform (16000, 2) of int16 at 16000 Hz>"
    backend = load_model().backends["plda"]
    assert repr(backend).startswith("<Backend 'plda': whitened; Plda; cohort of ")
    assert repr(Comparison(threshold=0.5)) == (
        "Comparison(threshold=0.5, backend=<Backend 'cosine': vectors as they are>,"
        " clustering='cc', normalized=False)"
    )
    assert len(repr(Backend(name="cosine", cohort=np.ones((1000, 200))))) < 80


def test_a_diarization_in_a_notebook() -> None:
    page = well_formed(diarization(speaker=EVIL.replace(" ", ""))._repr_html_())
    bars = list(page.iter("{http://www.w3.org/2000/svg}rect"))
    assert len(bars) == 2
    assert float(bars[1].attrib["x"]) == pytest.approx(140 + 580 / 2)
    assert well_formed(diarization().annotation._repr_html_()) is not None
    assert well_formed(Annotation("nothing")._repr_html_()) is not None


def test_a_picture_has_no_more_than_its_pixels() -> None:
    spans = [(k, k + 0.9) for k in range(100_000)]
    many = {f"S{k}": [(0.0, 1.0)] for k in range(100)}
    assert len(timeline_picture({"S1": spans}, 100_000.0)) < 200_000
    assert "and 76 speakers with less speech" in timeline_picture(many, 10.0)


def test_a_model_in_a_notebook() -> None:
    page = well_formed(load_model()._repr_html_())
    assert len(list(page.iter("tr"))) == 1 + 5 * 3


def test_a_collection_in_a_line_and_in_a_notebook(tmp_path: Path) -> None:
    with Collection(tmp_path / "c.sqlite") as collection:
        assert "0 recordings, 0:00 of sound" in repr(collection)
        assert well_formed(collection._repr_html_()) is not None
        collection.add_diarizations([diarization("monday"), diarization("tuesday")])
        assert repr(collection).endswith("c.sqlite': 2 recordings, 0:08 of sound, not linked>")
        assert well_formed(collection._repr_html_()) is not None
        collection.link()
        assert repr(collection).endswith(" 2 recordings, 0:08 of sound, 2 speakers>")
        collection.corrections.rename("speaker-0001", EVIL.replace(" ", ""))
        page = well_formed(collection._repr_html_())
        assert len(list(page.iter("{http://www.w3.org/2000/svg}rect"))) == 2
    assert repr(collection).endswith(": closed>")
    assert well_formed(collection._repr_html_()) is not None


def test_version_and_module() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", trfast.__version__)
    assert "__version__" in dir(trfast)
    done = subprocess.run(
        [sys.executable, "-m", "trfast", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.stdout == f"trfast {trfast.__version__}\n"
