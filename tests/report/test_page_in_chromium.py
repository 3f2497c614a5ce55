"""The HTML page in a real browser: lists, links, timelines, sound, names that would do harm."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import soundfile
from benchmarks.page import archive, cpu
from tests.browser import chromium, needs_chromium

from trfast.annotation import Annotation
from trfast.report import write_report

needs_chromium()
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = pytest.mark.slow

SHOWS = [
    Annotation("monday", [(1.0, 4.0, "Ann"), (4.0, 5.5, "ben"), (8.0, 9.0, "Ann")]),
    Annotation("tuesday", [(0.0, 4.0, "ben"), (4.0, 12.0, "Zoé")]),
    Annotation("silence"),
]
HOSTILE = "</script><script>hacked=1</script><img src=x onerror=hacked=1>\"'`\0\n\u202e#%2F &amp;"


def errors(browser):
    """What it complained of since the last call."""
    return [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver
        assert errors(driver) == []  # nothing was refused by the policy, nothing was raised


@pytest.fixture
def opened(browser, tmp_path):
    """Write a page, and open it."""

    def write_and_open(shows=SHOWS, fragment="", **options):
        browser.get("about:blank")  # else another fragment of the same page loads nothing
        write_report(shows, tmp_path / "page.html", **options)
        browser.get((tmp_path / "page.html").as_uri() + fragment)
        return browser

    return write_and_open


def sound(path: Path, seconds: int = 15) -> Path:
    noise = np.random.default_rng(0).normal(scale=0.01, size=seconds * 16000)
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, noise, 16000)
    return path


def names(browser, kind):
    return [name.text for name in browser.find_elements(By.CSS_SELECTOR, f".{kind} .name")]


def stage(browser):
    return browser.find_element(By.CSS_SELECTOR, ".recording[open] .stage")


def wait(browser, condition):
    return WebDriverWait(browser, 60).until(condition)


def press(browser, element, *keys):
    browser.execute_script("arguments[0].focus()", element)
    element.send_keys(*keys)


def test_speakers_come_first_with_most_speech(opened):
    browser = opened(facts={"Model": "default"}, failures={"bad": "no audio"})
    assert names(browser, "speaker") == ["Zoé", "ben", "Ann"]
    assert names(browser, "recording") == ["monday", "silence", "tuesday"]
    facts = browser.find_element(By.TAG_NAME, "header").text
    for fact in ("3\n1 more failed", "0:00:18", "1 in more than one", "Model\ndefault"):
        assert fact in facts


@pytest.mark.parametrize(
    ("order", "expected"), [("name", ["Ann", "ben", "Zoé"]), ("recordings", ["ben", "Zoé", "Ann"])]
)
def test_sorting(opened, order, expected):
    browser = opened()
    browser.find_element(By.XPATH, f"//input[@name='speakers-by'][@value='{order}']/..").click()
    assert names(browser, "speaker") == expected


def test_search_knows_no_case_and_no_accent(opened):
    browser = opened()
    field = browser.find_element(By.ID, "search")
    field.send_keys("ZOE")
    assert names(browser, "speaker") == ["Zoé"]
    assert names(browser, "recording") == []
    assert browser.find_element(By.CSS_SELECTOR, "#speakers output").text == "1 of 3"
    field.clear()
    field.send_keys("day")
    assert names(browser, "recording") == ["monday", "tuesday"]


def test_an_address_opens_a_recording(opened):
    browser = opened(fragment="#recording-tuesday")
    lanes = browser.find_elements(By.CSS_SELECTOR, ".recording[open] .lanes li")
    assert [lane.text for lane in lanes] == ["Zoé\n0:00:08", "ben\n0:00:04"]


def test_a_speaker_leads_to_a_recording_and_its_first_turn_there(opened):
    browser = opened(fragment="#speaker-ben")
    heard = browser.find_elements(By.CSS_SELECTOR, ".speaker[open] .heard a")
    assert [link.text for link in heard] == ["monday", "tuesday"]
    heard[0].click()
    wait(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, ".recording[open] .stage"))
    assert stage(browser).get_attribute("aria-valuetext") == "ben, 0:00:04.0 to 0:00:05.5"
    browser.find_element(By.LINK_TEXT, "ben").click()
    assert browser.current_url.endswith("#speaker-ben")


def test_a_link_leads_again_where_the_address_is_already(opened):
    browser = opened(fragment="#recording-monday")
    details = browser.find_element(By.ID, "recording-monday")
    browser.execute_script("arguments[0].open = false", details)
    browser.execute_script("arguments[0].open = true", browser.find_element(By.ID, "speaker-ben"))
    wait(browser, lambda _: browser.current_url.endswith("#speaker-ben"))
    browser.find_element(By.LINK_TEXT, "monday").click()
    wait(browser, lambda _: details.get_property("open"))
    press(browser, stage(browser), Keys.HOME)
    browser.find_element(By.LINK_TEXT, "monday").click()
    assert stage(browser).get_attribute("aria-valuetext") == "ben, 0:00:04.0 to 0:00:05.5"


def test_turns_are_drawn_in_the_colours_of_their_lanes(opened):
    browser = opened(fragment="#recording-monday", durations={"monday": 10.0})
    wait(browser, lambda _: stage(browser).find_element(By.TAG_NAME, "canvas").size["height"] > 50)
    pixels = browser.execute_script(
        """
        const canvas = arguments[0].querySelector("canvas"), pen = canvas.getContext("2d");
        return [[2.5, 0.4], [4.75, 1.4], [4.75, 0.4], [8.5, 0.4], [9.5, 0.4]].map(([time, lane]) =>
          [...pen.getImageData(canvas.width * time / 10, 28 * (lane + .1), 1, 1).data.slice(0, 3)]);
        """,
        stage(browser),
    )
    ann, ben, track = [0, 114, 178], [213, 94, 0], [238, 235, 229]
    assert pixels == [ann, ben, track, ann, track]


def test_keys_go_from_turn_to_turn(opened):
    browser = opened(fragment="#recording-monday")
    slider = stage(browser)
    heard = []
    for key in (Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.END, Keys.ARROW_LEFT):
        press(browser, slider, key)
        heard.append(slider.get_attribute("aria-valuetext"))
    first, second = "Ann, 0:00:01.0 to 0:00:04.0", "ben, 0:00:04.0 to 0:00:05.5"
    assert heard == [first, second, first, "Ann, 0:00:08.0 to 0:00:09.0", second]
    assert browser.find_element(By.CSS_SELECTOR, ".tip").text == f"{second} · 1.5 s"


def test_zoom_and_back(opened):
    browser = opened(fragment="#recording-monday")
    slider = stage(browser)
    press(browser, slider, "+", "+")
    assert "zoomed" in slider.get_attribute("class")
    press(browser, slider, "0")
    assert "zoomed" not in slider.get_attribute("class")


def test_hovering_says_who_and_when(opened):
    from selenium.webdriver import ActionChains

    browser = opened(fragment="#recording-monday", durations={"monday": 10.0})
    slider = stage(browser)
    width, height = slider.size["width"], slider.size["height"]
    ActionChains(browser).move_to_element_with_offset(
        slider, round(width * (0.85 - 0.5)), 14 - height // 2
    ).perform()
    tip = browser.find_element(By.CSS_SELECTOR, ".tip")
    wait(browser, lambda _: tip.text == "Ann, 0:00:08.0 to 0:00:09.0 · 1.0 s")


@pytest.mark.parametrize("inside", [False, True])
def test_a_turn_is_played_and_stops_at_its_end(opened, tmp_path, inside):
    path = sound(tmp_path / "audio" / "mon day #1%.wav")
    browser = opened(
        fragment="#recording-monday", sounds={"monday": path}, embed_limit=1 if inside else 0
    )
    if inside:
        path.unlink()
    press(browser, stage(browser), Keys.END, " ")
    now = "return document.querySelector('audio').currentTime"
    wait(browser, lambda _: browser.execute_script(now) > 8.2)
    wait(browser, lambda _: browser.execute_script("return document.querySelector('audio').paused"))
    assert 8.9 < browser.execute_script(now) < 10  # a busy machine is late
    assert browser.find_element(By.CSS_SELECTOR, "#player strong").text == "monday"


def test_sound_goes_on_where_somebody_has_moved_it(opened, tmp_path):
    browser = opened(fragment="#recording-monday", sounds={"monday": sound(tmp_path / "a.wav")})
    # In the page itself: seen from here, the turn may be over before it is moved.
    browser.execute_script(
        "const audio = document.querySelector('audio');"
        "const move = () => audio.currentTime > 8 && (audio.ontimeupdate = null,"
        " audio.currentTime = 11); audio.ontimeupdate = move;"
    )
    press(browser, stage(browser), Keys.END, " ")
    now = "return document.querySelector('audio').currentTime"
    wait(browser, lambda _: browser.execute_script(now) > 11.5)


def test_sound_that_is_gone_is_told(opened, tmp_path, browser):
    opened(fragment="#recording-monday", sounds={"monday": tmp_path / "gone.wav"})
    press(browser, stage(browser), Keys.ENTER, Keys.ENTER)
    status = browser.find_element(By.CSS_SELECTOR, "#player [role=status]")
    wait(browser, lambda _: status.text == "cannot be played here: gone.wav")
    assert all("gone.wav" in error for error in errors(browser))


def test_no_sound_no_button(opened):
    browser = opened(fragment="#recording-monday")
    assert not browser.find_element(By.CSS_SELECTOR, ".play").is_displayed()


def test_hostile_names_are_text(opened):
    show = Annotation(HOSTILE, [(0, 1, HOSTILE)])
    browser = opened(
        [show], f"#recording-{quote(HOSTILE, safe='')}", title=HOSTILE, failures={HOSTILE: HOSTILE}
    )
    seen = HOSTILE.replace("\0", "\u2400").replace("\n", "\u240a").replace("\u202e", "\ufffd")
    assert names(browser, "speaker") == names(browser, "recording") == [seen]
    link = browser.find_element(By.CSS_SELECTOR, ".recording[open] .lanes a")
    assert link.text == seen
    browser.execute_script("arguments[0].click()", link)
    assert browser.find_elements(By.CSS_SELECTOR, ".speaker[open]")
    assert browser.execute_script("return typeof hacked") == "undefined"
    assert browser.find_elements(By.CSS_SELECTOR, "img") == []


def test_the_policy_stops_a_script_from_elsewhere(opened, browser):
    opened()
    browser.execute_script(
        "document.body.append(Object.assign(document.createElement('script'),"
        " { textContent: 'hacked = 1' }))"
    )
    assert browser.execute_script("return typeof hacked") == "undefined"
    assert "Content Security Policy" in errors(browser)[0]


def test_rows_are_made_when_they_come_near(opened):
    shows = [Annotation(f"show-{i}", [(0, 1, f"speaker-{i}")]) for i in range(3000)]
    browser = opened(shows)
    made = "return document.querySelectorAll('.row').length"
    assert browser.execute_script(made) < 500
    browser.execute_script("location.hash = '#recording-show-2999'")
    wait(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, ".recording[open]"))
    top = "return document.querySelector('.recording[open]').getBoundingClientRect().top"
    wait(browser, lambda _: 0 <= browser.execute_script(top) < 900)
    assert browser.execute_script(made) < 1000


def test_a_thousand_hours_open_in_less_than_a_second_of_work(opened, browser):
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    opened([])
    before = cpu(browser)
    opened(archive(1000))
    assert browser.find_element(By.CSS_SELECTOR, "#recordings output").text == "1,000"
    assert cpu(browser) - before < 1000


def test_paper_has_all_rows(opened):
    shows = [Annotation(f"show-{i}", [(0, 1, f"speaker-{i}")]) for i in range(300)]
    browser = opened(shows)
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.count(b"/Type /Page\n") > 8
    assert browser.execute_script("return document.querySelectorAll('.row').length") == 600


@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_nothing_is_wider_than_the_window(opened, browser, width):
    long = [Annotation("monday" * 30, [(0, 4, "ann" * 60), (4, 5, "ben")])]
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened(long, fragment="#recording-" + "monday" * 30)
        widest = "return document.documentElement.scrollWidth"
        assert browser.execute_script(widest) <= width
        assert stage(browser).size["width"] > width / 3
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_all_that_takes_the_focus_has_a_name(opened, tmp_path):
    browser = opened(fragment="#recording-monday", sounds={"monday": sound(tmp_path / "sound.wav")})
    press(browser, stage(browser), Keys.HOME)
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nameless = [
        node["role"]["value"]
        for node in nodes
        if any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", ()))
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []
