"""The pages, and what is done on them."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

from tests.collection.test_identity import linked, names
from tests.fakes import diarization
from tests.review.asgi import Client
from trfast.collection import Collection
from trfast.review.pages import clock


def done(client: Client, kind: str, **asked: Any) -> dict[str, str]:
    answer = client.post("/act", {"act": kind, **asked})
    assert answer.status == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def refused(client: Client, kind: str, **asked: Any) -> str:
    answer = client.post("/act", {"act": kind, **asked})
    assert answer.status == 409, answer.text
    return str(answer.json()["error"])


def relinked(client: Client) -> dict[str, Any]:
    client.post("/link")
    for _ in range(500):
        state: dict[str, Any] = client.get("/link").json()
        if not state["running"]:
            return state
        time.sleep(0.02)
    raise TimeoutError


def order(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)', text)


def test_speakers_with_most_speech_come_first(client: Client) -> None:
    assert order(client.get("/").text) == ["speaker-0001", "speaker-0002", "speaker-0003"]
    assert order(client.get("/", q="SPEAKER-0002").text) == ["speaker-0002"]
    assert order(client.get("/", q="nobody").text) == []
    few = client.get("/", most=2).text
    assert order(few) == ["speaker-0001", "speaker-0002"]
    assert "Show more" in few
    assert client.get("/", most="x").status == client.get("/", most="-1").status == 200


def test_a_speaker_has_its_turns_of_all_recordings(client: Client) -> None:
    text = client.get("/speaker", name="speaker-0001").text
    assert re.findall(r'data-mark="(\w+)"', text) == ["a", "b", "c"]
    turns = re.findall(r'data-start="([\d.]+)" data-end="([\d.]+)"', text)
    assert turns == [("0.000", "3.000"), ("0.000", "2.000"), ("3.000", "5.000")]
    assert "0:07 of speech in 3 recordings" in text
    assert re.findall(
        r'data-mark="(\w+)"', client.get("/speaker?name=speaker-0001&most=1").text
    ) == ["a"]
    gone = client.get("/speaker", name="Eve")
    assert gone.status == 404
    assert "has no speaker" in gone.text


def test_a_recording_has_its_voices_and_turns(client: Client) -> None:
    text = client.get("/recording", name="b").text
    assert re.findall(r'<a href="/speaker\?name=([\w-]+)">', text) == [
        "speaker-0002",
        "speaker-0001",
    ]
    assert text.count("<li>") == 4
    assert "0:07 long, 0:06 of speech, 2 voices" in text
    assert client.get("/recording", name="x").status == 404


def test_a_sample_is_the_longest_turn(client: Client, tmp_path: Path) -> None:
    asked = client.get("/sample", name="speaker-0001").json()
    assert asked == {"recording": "a", "start": 0.0, "end": 3.0}
    (tmp_path / "a.flac").unlink()
    assert client.get("/sample", name="speaker-0001").json()["recording"] in ("b", "c")
    for name in "bc":
        (tmp_path / f"{name}.flac").unlink()
    none = client.get("/sample", name="speaker-0001")
    assert none.status == 404
    assert "there to be heard" in none.text
    assert "no sound here" in client.get("/speaker", name="speaker-0001").text


def test_acts_are_corrections_that_bind(client: Client, file: Path) -> None:
    assert done(client, "rename", speaker="speaker-0001", name=" Ann  Lee ")["speaker"] == "Ann_Lee"
    assert done(client, "split", speaker="Ann_Lee", recordings=["c"])["said"].endswith("there")
    assert (
        "speaker-0003"
        in done(client, "merge", speaker="speaker-0002", other="speaker-0003")["said"]
    )
    done(client, "confirm", recording="a", local="S1")
    assert "speaker-0005" in done(client, "reject", recording="b", local="S1")["said"]
    state = relinked(client)
    assert state["said"] == "linked: 3 speakers, 2 in more than one recording"
    with Collection(file) as collection:
        now = names(collection)
        assert [entry.who for entry in collection.corrections.log()] == ["me"] * 5
    assert now["a", "S1"] == "Ann_Lee"
    assert now["c", "S2"] == now["b", "S1"] == "speaker-0004"
    assert now["c", "S1"] == now["b", "S2"] == "speaker-0002"
    log = client.get("/log").text
    assert log.index("S1 of b is not Ann_Lee") < log.index("speaker-0001 is called Ann_Lee")
    assert done(client, "undo")["said"] == "undone: S1 of b is not Ann_Lee"
    assert 'class="undone"' in client.get("/log").text


def test_what_cannot_be_is_said(client: Client) -> None:
    assert "has no speaker 'Eve'" in refused(client, "rename", speaker="Eve", name="Ann")
    assert "all there is" in refused(client, "reject", recording="c", local="S1")
    assert "no correction to undo" in refused(client, "undo")
    assert "not there any more" in refused(client, "same", pair=[["a", "S9"], ["b", "S1"]])
    answer = client.post("/act", {"act": "rename", "speaker": "speaker-0001", "name": "<NA>"})
    assert answer.status == 400


def doubts(client: Client) -> list[str]:
    return re.findall(r'data-pair="([^"]*)"', client.get("/doubts").text)


def test_a_doubt_about_one_speaker(client: Client, file: Path) -> None:
    before = doubts(client)
    assert "[[&#34;a&#34;, &#34;S1&#34;], [&#34;b&#34;, &#34;S1&#34;]]" in before
    pair = [["a", "S1"], ["b", "S1"]]
    assert done(client, "same", pair=pair)["said"] == "S1 of a is right"
    assert len(doubts(client)) < len(before)
    done(client, "undo")
    assert doubts(client) == before
    done(client, "different", pair=pair)
    with Collection(file) as collection:
        assert linked(collection)["a", "S1"] != names(collection)["b", "S1"]


def test_a_doubt_about_two_speakers(client: Client, file: Path) -> None:
    pair = [["b", "S2"], ["c", "S1"]]
    assert done(client, "different", pair=pair)["said"] == "speaker-0002 is not speaker-0003"
    with Collection(file) as collection:
        now = linked(collection, -1.0)
        assert now["b", "S2"] != now["c", "S1"]
    done(client, "undo")
    with Collection(file) as collection:
        linked(collection)
        collection.corrections.rename("speaker-0003", "Cat")
    assert done(client, "same", pair=pair)["said"] == "speaker-0002 is Cat"  # a given name stays
    # Another tab that still shows the two as different speakers asks about one speaker now.
    assert done(client, "same", pair=pair)["said"] == "S2 of b is right"


def test_what_is_skipped_waits(client: Client) -> None:
    before = doubts(client)
    done(client, "skip", pair=[["a", "S1"], ["b", "S1"]])
    assert len(doubts(client)) == len(before) - 1
    done(client, "unskip")
    assert doubts(client) == before


def test_a_collection_without_anything(client: Client, file: Path) -> None:
    with Collection(file) as collection:
        collection.remove("a", "b", "c")
    for path in ("/", "/recordings", "/doubts", "/log"):
        assert client.get(path).status == 200
    assert relinked(client)["failed"] is False


def test_while_others_add(client: Client, file: Path) -> None:
    """What a run keeps meanwhile changes nothing here until it is linked."""
    with Collection(file) as run:
        run.add(diarization("d", "ann:3 dan:1"))
        assert order(client.get("/").text) == ["speaker-0001", "speaker-0002", "speaker-0003"]
        assert "came or went since the last link" in client.get("/").text
        assert "S1, not linked yet" in client.get("/recording", name="d").text
        assert client.get("/doubts").status == 200
        done(client, "rename", speaker="speaker-0001", name="Ann")
        assert "not linked yet" in refused(client, "confirm", recording="d", local="S1")
        with run._store.db.writing():  # who reads does not wait for one who writes
            assert client.get("/speaker", name="Ann").status == 200
        assert linked(run)["d", "S1"] == "Ann"
    assert "came or went" not in client.get("/").text


def test_many_tabs_at_once(client: Client, file: Path) -> None:
    failed: list[str] = []

    def tab(number: int) -> None:
        own = Client(client._app, client.headers)
        for turn in range(4):
            answer = own.post(
                "/act",
                {
                    "act": "rename",
                    "speaker": f"speaker-000{number}",
                    "name": f"speaker-000{number}",
                },
            )
            page = own.get("/doubts" if turn % 2 else "/speaker?name=speaker-0001")
            failed.extend(a.text for a in (answer, page) if a.status != 200)

    tabs = [threading.Thread(target=tab, args=(number,)) for number in (1, 2, 3)]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join()
    assert failed == []
    with Collection(file) as collection:
        assert len(collection.corrections.log()) == 12


def test_a_link_that_fails_is_said(client: Client, file: Path) -> None:
    with Collection(file) as collection:
        collection.remove("a", "b", "c")
        collection.add(diarization("a", "ann:1", model_hash="other"))
    state = relinked(client)
    assert state["failed"]
    assert "made by model other" in state["said"]
    assert state["n_done"] == 1


def test_clock() -> None:
    assert [clock(t) for t in (0, 59.9, 60, 3600)] == ["0:00", "0:59", "1:00", "1:00:00"]
