"""Who is let in, and what a page may do."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import diarization
from tests.review.asgi import Client
from tests.review.conftest import HOME, PORT, TOKEN
from trfast.collection import Collection

PAGES = ("/", "/speaker?name=speaker-0001", "/recordings", "/recording?name=a", "/doubts", "/log")
OTHERS = ("/sound?name=a", "/sample?name=speaker-0001", "/names", "/link", "/static/review.js")


def test_the_token_of_the_address_becomes_a_cookie(stranger: Client) -> None:
    answer = stranger.get("/", token=TOKEN)
    assert answer.status == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"trfast-review-{PORT}={TOKEN};")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/").status == 200


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_nothing_without_the_token(stranger: Client, path: str) -> None:
    for cookie in ("", f"trfast-review-{PORT}=wrong", f"trfast-review-{PORT}=é", f"other={TOKEN}"):
        assert stranger.get(path, {"cookie": cookie}).status == 403
    assert stranger.get("/?token=wrong").status == 403
    assert stranger.get("/?token=").status == 403
    post = stranger.post("/act", {"act": "undo"}, headers={"origin": HOME})
    assert post.status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", "", "[::1]:8000"]
)
def test_a_name_that_leads_here_is_not_answered(client: Client, host: str) -> None:
    assert client.get("/", {"host": host}).status == 421
    given = client.get("/", {"host": host}, token=TOKEN)
    assert given.status == 421
    assert "set-cookie" not in given.headers


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8000", ""])
def test_another_page_corrects_nothing(client: Client, file: Path, origin: str) -> None:
    asked = {"act": "rename", "speaker": "speaker-0001", "name": "Eve"}
    headers = {"origin": origin}
    assert client.post("/act", asked, headers=headers).status == 403
    assert client.post("/link", headers=headers).status == 403
    del client.headers["origin"]
    assert client.post("/act", asked).status == 403
    with Collection(file) as collection:
        assert collection.corrections.log() == []


def test_localhost_is_an_address_too(client: Client) -> None:
    headers = {"host": f"localhost:{PORT}", "cookie": f"trfast-review-{PORT}={TOKEN}"}
    assert client.get("/", headers={**headers, "origin": ""}).status == 200


@pytest.mark.parametrize("path", [*PAGES, *OTHERS, "/nothing"])
def test_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere_and_have_no_inline_script(
    client: Client, path: str
) -> None:
    text = client.get(path).text
    assert "http:" not in text
    assert "https:" not in text
    assert "//" not in text.replace("<!doctype", "")
    assert " style=" not in text
    assert " on" not in text.split("<main", 1)[0]
    assert text.count("<script ") == text.count('<script type="module" src="/static/')


HOSTILE = '<img/src=x\'onerror="alert(1)">{{7*7}}</script>'


def test_hostile_names_are_text(client: Client, file: Path) -> None:
    with Collection(file) as collection:
        collection.corrections.rename("speaker-0001", HOSTILE, who="<b>me", why="<i>why")
        collection.rename_recording("a", f"{HOSTILE}a")
        collection.add_failure(f"{HOSTILE}b", ValueError("<u>broken"))
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/", {}),
        ("/", {"q": HOSTILE}),
        ("/", {"q": f"{HOSTILE}nobody"}),
        ("/speaker", {"name": HOSTILE}),
        ("/speaker", {"name": f"{HOSTILE}nobody"}),
        ("/recordings", {"q": HOSTILE}),
        ("/recording", {"name": f"{HOSTILE}a"}),
        ("/recording", {"name": f"{HOSTILE}b"}),
        ("/doubts", {}),
        ("/log", {}),
    ]
    for path, params in asked:
        text = client.get(path, **params).text
        for tag in ("<img/", "<b>", "<i>w", "<u>", 'onerror="', "49"):
            assert tag not in text.replace('width="49', ""), (path, params)
        assert text.count("</script>") == text.count("<script "), path
        assert "onerror=" in unescape(text), path


def test_a_path_is_no_name(client: Client, tmp_path: Path) -> None:
    (tmp_path / "private.wav").write_bytes(b"RIFF")
    for name in (
        "private",
        "private.wav",
        str(tmp_path / "private.wav"),
        "../private.wav",
        "a.flac",
    ):
        assert client.get("/sound", name=name).status == 404
    for name in ("../app.py", "..%2Fapp.py", "%2e%2e/app.py", "base.html", ""):
        assert client.get(f"/static/{name}").status == 404


def test_what_is_posted_is_looked_at(client: Client) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b'{"act": "drop"}', b'{"act": ["undo"]}'):
        assert client.post("/act", content).status == 400
    assert client.post("/act", b" " * (1 << 20) + b"{}").status == 413
    for asked in (
        {"act": "rename", "speaker": "speaker-0001"},
        {"act": "rename", "speaker": 1, "name": "Ann"},
        {"act": "split", "speaker": "speaker-0001", "recordings": "a"},
        {"act": "split", "speaker": "speaker-0001", "recordings": []},
        {"act": "same", "pair": [["a", "S1"]]},
        {"act": "same", "pair": [["a", "S1"], ["b", 2]]},
        {"act": "skip", "pair": None},
    ):
        answer = client.post("/act", asked)
        assert answer.status == 400, asked
        assert answer.json()["error"]
    assert client.ask("PUT", "/act").status == 405
    assert client.get("/act").status == 405


def test_a_recording_without_sound_says_so(client: Client, file: Path, tmp_path: Path) -> None:
    with Collection(file) as collection:
        collection.add(diarization("silent", "dan:3"))
        collection.add(diarization("gone", "dan:4"), source=tmp_path / "gone.wav")
        collection.add(diarization("broken", "dan:4"), source=tmp_path / "broken.wav")
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    for name, word in (("silent", "without sound"), ("gone", "No such file"), ("broken", "broken")):
        answer = client.get("/sound", {"range": "bytes=0-"}, name=name)
        assert answer.status in (404, 409)
        assert word in answer.text
