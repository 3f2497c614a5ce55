"""How long the page of a large collection takes: to write, to open in Chromium, and to scroll.

    python -m benchmarks.page [--hours 1000] [--keep PAGE.html]

Synthetic turns; 1,000 hours are 1,000 recordings, half a million turns and 4,000 speakers. Prints
JSON. CPU time is that of the page's own thread, which other work on the machine leaves alone.
Needs selenium, chromium and its driver, as the tests of the page do.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
from tests.browser import chromium

from trfast.annotation import Annotation
from trfast.report import write_report

OPENINGS = 5
N_FRAMES = 300
# From a heading on, 100 pixels a frame: as fast as a hand turns a wheel. Milliseconds of each.
SCROLL = """
const [from, n, done] = arguments, frames = [];
document.getElementById(from).scrollIntoView();
let before = null;
const step = (now) => {
  if (before !== null) frames.push(now - before);
  before = now;
  scrollBy(0, 100);
  if (frames.length < n) requestAnimationFrame(step);
  else done(frames);
};
requestAnimationFrame(step);
"""


def archive(hours: int, *, seed: int = 0) -> Iterator[Annotation]:
    """Recordings of an hour: 500 turns, of hosts who come again and of guests who seldom do."""
    random = np.random.default_rng(seed)
    n_speakers = 4 * hours
    for number in range(hours):
        hosts = random.integers(0, max(1, n_speakers // 100), 3)
        guests = random.integers(0, n_speakers, 9)
        who = random.choice(np.concatenate([hosts, guests]), 500)
        starts = np.sort(random.uniform(0, 3590, 500))
        ends = np.minimum(3600, starts + random.exponential(6, 500) + 0.3)
        turns = [
            (float(start), float(end), f"speaker-{speaker:04d}")
            for start, end, speaker in zip(starts, ends, who, strict=True)
        ]
        yield Annotation(f"show-{number:04d}", turns)


def cpu(browser: Any) -> float:
    """Milliseconds of CPU that the page's thread has taken."""
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(1e3 * one["value"] for one in metrics if one["name"] == "TaskDuration"))


def opened(browser: Any, path: Path) -> tuple[float, float]:
    """Milliseconds until a page is loaded, and of CPU."""
    browser.get("about:blank")
    before = cpu(browser)
    browser.get(path.as_uri())
    load = browser.execute_script(
        "return performance.getEntriesByType('navigation')[0].loadEventEnd"
    )
    return float(load), cpu(browser) - before


def scrolled(browser: Any, heading: str) -> dict[str, float]:
    """Milliseconds of the frames of a list."""
    before = cpu(browser)
    frames = np.array(browser.execute_async_script(SCROLL, heading, N_FRAMES))
    found = {name: np.quantile(frames, q) for name, q in (("median", 0.5), ("worst", 1.0))}
    found["cpu, mean"] = (cpu(browser) - before) / N_FRAMES
    return {name: round(float(value), 1) for name, value in found.items()}


@click.command()
@click.option("--hours", default=1000, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Where the page stays.")
def main(hours: int, keep: Path | None) -> None:
    """Write a page, open it five times, scroll both lists; print JSON."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        path = (keep or Path(folder) / "page.html").absolute()
        shows = list(archive(hours))
        start = time.perf_counter()
        write_report(shows, path)
        written = time.perf_counter() - start
        loads, work = zip(*(opened(browser, path) for _ in range(OPENINGS)), strict=True)
        found = {
            "hours": hours,
            "megabytes": round(path.stat().st_size / 1e6, 2),
            "seconds to write": round(written, 1),
            "ms to open": {"median": round(median(loads)), "worst": round(max(loads))}
            | {"cpu, median": round(median(work))},
            "ms a frame": {part: scrolled(browser, part) for part in ("speakers", "recordings")},
        }
        click.echo(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
