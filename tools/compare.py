"""Speed of the benchmarks now and at another commit: python tools/compare.py COMMIT [-k WORDS].

Builds the commit in build/base, by the compiler and against the libraries of this environment, then
runs the benchmarks of both, one after the other, several times: the machine slows down both alike.
Prints pytest-benchmark's own comparison of the best of each, and the ratio of medians.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def build(commit: str) -> Path:
    """Check out a commit, and build its kernels, unless that was done last time."""
    tree, wanted = ROOT / "build" / "base", _commit(ROOT, commit)
    git = ["git", "-C", str(ROOT), "worktree"]
    if (tree / ".built").exists() and _commit(tree, "HEAD") == wanted:
        return tree
    if tree.exists():
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)
    subprocess.run([*git, "prune"], check=True)
    subprocess.run([*git, "add", "--quiet", "--detach", str(tree), wanted], check=True)
    setup = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(setup, cwd=tree, check=True)
    (tree / ".built").touch()
    return tree


def _commit(tree: Path, name: str) -> str:
    git = ["git", "-C", str(tree), "rev-parse", f"{name}^{{commit}}"]
    return subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()


def measure(tree: Path, result: Path, options: list[str]) -> None:
    """Run the benchmarks of a tree, without those that pytest-benchmark does not time."""
    pytest = [sys.executable, "-m", "pytest", "benchmarks", "-p", "benchmark", "-W", "default"]
    quiet = ["-q", "--benchmark-quiet", "--benchmark-only", "-m", "not slow"]
    subprocess.run(
        [*pytest, *quiet, f"--benchmark-json={result}", *options],
        cwd=tree,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(tree / "src")},
        check=True,
    )


def medians(results: list[Path]) -> dict[str, float]:
    """Median seconds of each benchmark, over all rounds of several runs."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for benchmark in json.loads(result.read_text())["benchmarks"]:
            seconds[benchmark["fullname"]] += benchmark["stats"]["data"]
    return {name: median(times) for name, times in seconds.items()}


def main() -> None:
    """Measure both, and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", help="what to compare with")
    parser.add_argument("--runs", type=int, default=3, help="of each, in turn (default: 3)")
    arguments, options = parser.parse_known_args()
    trees = {"base": build(arguments.commit), "now": ROOT}
    folder = ROOT / "build" / "compared"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    results: dict[str, list[Path]] = {name: [] for name in trees}
    for k in range(arguments.runs):
        for name, tree in trees.items():
            results[name].append(folder / f"{name}-{k}.json")
            measure(tree, results[name][-1], options)
    files = [str(file) for pair in zip(*results.values(), strict=True) for file in pair]
    compare = [str(Path(sys.executable).with_name("pytest-benchmark")), "compare", *files]
    columns = ["--group-by=fullname", "--columns=min,median,rounds", "--sort=name"]
    subprocess.run([*compare, *columns], check=True)
    base, now = (medians(results[name]) for name in trees)
    print(f"\nSeconds now, of those at {arguments.commit} (ratio of medians, {len(files)} runs):")
    for name in sorted(now.keys() & base.keys()):
        print(f"  {now[name] / base[name]:6.3f}  {name}")
    for name in sorted(now.keys() ^ base.keys()):
        print(f"  {'new' if name in now else 'gone':>6}  {name}")


if __name__ == "__main__":
    main()
