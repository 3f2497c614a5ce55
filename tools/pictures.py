"""Photograph the page of the example shows for the documentation: make pictures."""

import sys
import time
from pathlib import Path

from tests.browser import chromium

PAGE = Path(sys.argv[1]).resolve()
PICTURES = Path(__file__).parents[1] / "docs" / "how-to"

with chromium() as browser:
    metrics = {"width": 1100, "height": 1130, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    browser.get(f"{PAGE.as_uri()}#recording-show-1")
    time.sleep(1)  # it has opened
    browser.execute_script(
        """
        const stage = document.querySelector(".recording[open] .stage");
        stage.focus({ preventScroll: true });
        for (let i = 0; i < 3; i++) {
          stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        }
        stage.blur();
        scrollTo(0, 0);
        """
    )
    time.sleep(1)  # frames are drawn
    browser.save_screenshot(str(PICTURES / "page.png"))
