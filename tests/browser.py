"""For tests and pictures: Debian's Chromium, driven by Selenium, and the command that it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


def missing() -> str | None:
    """Say what of a browser is not there."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"needs {' and '.join(absent)}" if absent else None


def needs_chromium() -> None:
    """Skip a module of tests where the browser, its driver or Selenium is missing."""
    pytest.importorskip("selenium", reason="selenium is not installed: trfast[test]")
    if reason := missing():
        pytest.skip(reason, allow_module_level=True)


@contextmanager
def chromium(width: int = 1280, height: int = 800, *, dark: bool = False) -> Iterator[Any]:
    """Yield a driver of a new Chromium without a window, which knows nothing of others."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for switch in (*_SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # root has none
        with open(os.devnull, "w") as nothing:
            service = Service(str(shutil.which("chromedriver")), log_output=nothing)
            driver = Chrome(options=options, service=service)
        try:
            size = {"width": width, "height": height, "deviceScaleFactor": 1}
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", {**size, "mobile": width < 600}
            )
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
            yield driver
        finally:
            driver.quit()


@contextmanager
def review(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `trfast review`; yield it, and the address that it prints."""
    words = ["review", str(folder), "--no-browser", *options]
    with subprocess.Popen(
        [sys.executable, "-c", "from trfast.cli import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
