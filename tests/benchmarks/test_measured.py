"""What the documentation says of speed is said of a commit; it says, too, what changed since."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "benchmarks.md").read_text()


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)


def test_the_page_of_benchmarks_says_if_kernels_changed_since() -> None:
    (commit,) = re.findall(r"at commit ([0-9a-f]{7,40})", PAGE)
    if shutil.which("git") is None or git("cat-file", "-e", commit).returncode:
        pytest.skip(f"no history here that goes back to {commit}")
    changed = git("diff", "--name-only", commit, "HEAD", "--", "src/trfast/_ext").stdout.split()
    assert not changed or "```{note}\nSince then" in PAGE, (
        f"kernels changed since docs/benchmarks.md was measured ({', '.join(changed)}): measure"
        " again, by make bench, or say so there in a note"
    )
