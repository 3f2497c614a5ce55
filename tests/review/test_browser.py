"""A whole review in a real browser, by the command: hear, decide, link again, see the name."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.review.small import add, small_collection
from trfast.collection import Collection

pytest.importorskip("starlette", reason="needs trfast[review]")
pytest.importorskip("selenium", reason="needs selenium")
if why := browser.missing():
    pytest.skip(why, allow_module_level=True)

pytestmark = pytest.mark.slow
MODEL = "imported:tones"
OPTIONS = ("--threshold", "0.5")


class Page:
    """What somebody sees and does."""

    def __init__(self, driver: Any, home: str) -> None:
        self.driver = driver
        self.home = home

    def open(self, path: str) -> None:
        self.driver.get(self.home + path)

    def until(self, found: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait, as somebody does, until there is something."""
        stop = time.monotonic() + seconds
        while True:
            try:
                if result := found():
                    return result
            except Exception:  # a page that is loading has nothing yet
                if time.monotonic() > stop:
                    raise
            assert time.monotonic() < stop, self.text
            time.sleep(0.05)

    def all(self, css: str) -> list[Any]:
        found: list[Any] = self.driver.find_elements("css selector", css)
        return found

    def click(self, css: str, number: int = 0) -> None:
        self.until(lambda: self.all(css)[number].click() or True)

    def fill(self, css: str, text: str) -> None:
        field = self.until(lambda: self.all(css)[0])
        field.clear()
        field.send_keys(text)

    def press(self, key: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(key).perform()

    @property
    def text(self) -> str:
        return str(self.driver.find_element("css selector", "body").text)

    @property
    def time(self) -> float:
        return float(
            self.driver.execute_script("return document.querySelector('audio').currentTime")
        )

    @property
    def is_playing(self) -> bool:
        return not self.driver.execute_script("return document.querySelector('audio').paused")

    def hears(self, start: float, end: float) -> None:
        """Wait until time goes on between two seconds."""
        self.until(lambda: self.is_playing and start + 0.1 < self.time <= end)
        before = self.time
        self.until(lambda: self.time > before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ann is speaker-0001, in a, b and c; Ben 0002, in a and b; Cat 0003, in c."""
    file = small_collection(tmp_path, MODEL)
    with Collection(file) as collection:
        collection.to_rttm(tmp_path / "collection.rttm")
    return tmp_path


@pytest.fixture
def page(folder: Path) -> Iterator[Page]:
    """The page of the command, in a browser, without an error or a request to elsewhere."""
    with (
        browser.review(folder, *OPTIONS, "--by", "me") as (_, address),
        browser.chromium() as driver,
    ):
        home, _, token = address.partition("/?token=")
        driver.get(address)
        page = Page(driver, home)
        page.until(lambda: driver.current_url == f"{home}/")
        assert token not in driver.page_source
        yield page
        asked = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        assert [name for name in driver.execute_script(asked) if not name.startswith(home)] == []
        errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert [error for error in errors if "/act - " not in error["message"]] == []  # refused


def test_a_whole_review(page: Page, folder: Path) -> None:
    page.click('a[href="/speaker?name=speaker-0001"]')
    page.until(lambda: "0:07 of speech in 3 recordings" in page.text)
    page.click(".strip", 2)  # its middle is nearest to Ann's turn in c, from 3 to 5 s
    page.hears(3, 5)
    page.until(lambda: not page.is_playing)  # a turn is heard to its end
    assert page.time == pytest.approx(5, abs=0.2)
    page.fill("#name", "Ann Lee")
    page.click("[data-form=rename] button")
    page.until(lambda: page.driver.title.startswith("Ann_Lee"))

    page.open("/doubts")
    page.press("a")
    page.until(lambda: page.is_playing)
    page.press("b")
    page.until(lambda: page.is_playing)
    n_asked = int(page.until(lambda: re.search(r"1 of (\d+)", page.text))[1])
    page.press("x")
    page.until(lambda: f"2 of {n_asked}" in page.text)
    # Ben and Cat, who are in no recording together, are one person to whoever reviews.
    while "two speakers" not in page.text:
        place = int(page.all("[data-place]")[0].text)
        page.press("s")
        page.until(lambda: f"{place + 1} of {n_asked}" in page.text)  # noqa: B023
    page.press("s")
    page.until(lambda: "speaker-0003 is speaker-0002" in page.text)

    with Collection(folder / "collection.sqlite") as run:
        add(run, folder, "d", "ann:2 cat:1", MODEL)
    page.open("/")
    assert "came or went since the last link" in page.text
    page.click("[data-link]")
    page.until(lambda: "linked: 2 speakers, 2 in more than one recording" in page.text)
    assert "came or went" not in page.text
    page.open("/recording?name=d")
    page.until(lambda: "Ann_Lee" in page.text and "speaker-0002" in page.text)
    page.open("/log")
    n_before = len(page.all(".log li:not(.undone)"))
    page.press("u")
    page.until(lambda: len(page.all(".log li:not(.undone)")) == n_before - 1)
    assert "me 20" in page.text


def test_the_keys_of_a_player(page: Page) -> None:
    from selenium.webdriver import Keys

    page.open("/recording?name=b")  # Ann to 2 s, Ben to 6 s
    page.press(Keys.ARROW_DOWN)
    page.hears(0, 2)
    page.press(" ")
    page.until(lambda: not page.is_playing)
    page.press(Keys.ARROW_DOWN)
    page.hears(2, 6)
    page.press("k")
    page.until(lambda: not page.is_playing)
    before = page.time
    page.press(Keys.ARROW_LEFT)
    page.until(lambda: page.time == pytest.approx(max(before - 2, 0), abs=0.05))
    page.press(Keys.ARROW_RIGHT)
    page.until(lambda: page.time == pytest.approx(before, abs=0.05))
    page.press("l")
    page.until(lambda: page.time == pytest.approx(7, abs=0.05))
    page.press("j")
    page.until(lambda: page.time == 0)
    page.press(Keys.ARROW_UP)
    page.hears(0, 2)
    assert page.all(".turns [aria-current]")[0].text.startswith("0:00")
    page.press("?")
    page.until(lambda: page.all("dialog[open]"))


def test_search_split_merge_and_verdicts(page: Page) -> None:
    # The address with the token leads on to this page, whose script hears the keys.
    page.until(lambda: page.all(".search"))
    page.until(lambda: page.driver.execute_script("return document.readyState") == "complete")
    page.press("/")
    page.press("0003")
    page.until(lambda: "1 of 3 speakers" in page.text)
    assert [row.text for row in page.all("tbody th")] == ["speaker-0003"]
    page.click("[data-sample]")
    page.hears(0, 3)
    page.open("/speaker?name=speaker-0001")
    assert not page.all("[data-split]")[0].is_enabled()
    page.click("[data-mark=c]")
    page.click("[data-split]")
    page.until(lambda: "speaker-0001 is speaker-0004 there" in page.text)
    page.fill("#other", "speaker-0004")
    page.click("[data-form=merge] button")
    page.until(lambda: "speaker-0004 is speaker-0001" in page.text)
    page.click("[data-act=confirm]")
    page.until(lambda: "put right: confirm" in page.text)
    page.click("[data-act=reject][data-recording=b]")
    page.until(lambda: "S1 of b is speaker-0005 until the next link" in page.text)
    page.fill("#name", "<NA>")
    page.click("[data-form=rename] button")
    page.until(lambda: page.all(".toast.error"))


def test_a_phone_shows_all_of_it(folder: Path) -> None:
    with Collection(folder / "collection.sqlite") as collection:
        collection.corrections.rename("speaker-0001", "A" * 90)
        collection.rename_recording("a", "show-" * 30)
    with (
        browser.review(folder, *OPTIONS) as (_, address),
        browser.chromium(390, 844) as driver,
    ):
        page = Page(driver, address.partition("/?")[0])
        driver.get(address)
        page.until(lambda: driver.title.startswith("Speakers"))
        for path in (
            "/",
            f"/speaker?name={'A' * 90}",
            "/recordings",
            f"/recording?name={'show-' * 30}",
            "/doubts",
            "/log",
            "/speaker?name=nobody",
        ):
            page.open(path)
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width == 390, path


def test_ctrl_c_ends_it_and_outputs_follow(folder: Path) -> None:
    with Collection(folder / "collection.sqlite") as collection:
        collection.corrections.rename("speaker-0001", "Ann")
    with browser.review(folder, *OPTIONS) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", address)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert " Ann " in (folder / "collection.rttm").read_text()
