"""Make the pictures of the review page, of the example shows: python -m tools.review_pictures

Needs Chromium, chromedriver, and the extra trfast[test].
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.browser import chromium, review

from trfast import Collection, load_model, read_rttm
from trfast.audio import find_audio
from trfast.evaluation import diarization_error

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"


def make_collection(folder: Path) -> None:
    """Diarize and link the example shows; speakers but one get the names of the reference."""
    reference = read_rttm(ROOT / "examples" / "ref.rttm")
    with Collection(folder / "collection.sqlite") as collection:
        collection.add_all(find_audio([ROOT / "examples" / "audio"]))
        collection.link(load_model())
        found = {turns.recording: turns for turns in collection.annotations()}
        score = diarization_error(reference, found, across_recordings=True)
        named = {name: ref for mapping in score.mapping.values() for name, ref in mapping.items()}
        for name, ref in sorted(named.items())[:-1]:
            collection.corrections.rename(
                name, ref.capitalize(), who="", why="the reference says so"
            )


def main() -> None:
    """Write them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shows"
        folder.mkdir()
        make_collection(folder)
        with review(folder) as (_, address), chromium(1180, 720) as driver:
            home = address.partition("/?")[0]
            driver.get(address)
            driver.get(f"{home}/recording?name=show-1")
            time.sleep(1)
            driver.find_elements("css selector", "button.turn")[6].click()
            time.sleep(2)
            driver.execute_script("scrollTo(0, 0)")
            driver.save_screenshot(str(IMAGES / "review.png"))
            driver.get(f"{home}/doubts")
            time.sleep(1)
            driver.save_screenshot(str(IMAGES / "review-doubts.png"))


if __name__ == "__main__":
    main()
