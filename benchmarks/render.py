"""Write docs/benchmarks.md from results.

    python -m benchmarks.render BENCHMARKS.json [--end-to-end E.json] -o F.md

Both are JSON files: of pytest-benchmark, and of `end_to_end`.
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import click
from threadpoolctl import threadpool_info

from benchmarks._common import OURS, STAGES, Stage
from benchmarks.end_to_end import TARGET_MEGABYTES, TARGET_SPEED

PACKAGES = (
    "trfast numpy scipy scikit-learn librosa kaldi-native-fbank torch torchaudio asrfront"
    " faiss-cpu fastcluster spy-der pyannote.metrics"
)

Results = dict[str, dict[str, float]]  # seconds by stage and system


@dataclass(frozen=True)
class Verdict:
    """A target, what was reached, and whether that is enough."""

    target: str
    reached: str
    met: bool | None

    @property
    def word(self) -> str:
        """What the table says; a peer that was recorded elsewhere decides nothing."""
        return {True: "met", False: "**missed**", None: "not counted"}[self.met]


def limits(results: Iterable[dict[str, Any]]) -> dict[str, float]:
    """GFLOP/s of each shape, and GB/s of copying."""
    found = {}
    for result in results:
        info = result["extra_info"]
        if "limit" in info:
            work = info.get("gflop", info.get("gigabytes"))
            found[info["limit"]] = work / result["stats"]["median"]
    return found


def by_stage(results: Iterable[dict[str, Any]]) -> tuple[Results, dict[str, float]]:
    """Median seconds by stage and system, and our peak memory by stage, in MB."""
    seconds: dict[str, dict[str, list[float]]] = {}
    memory: dict[str, float] = {}
    for result in results:
        info = result["extra_info"]
        if "stage" in info:
            systems = seconds.setdefault(info["stage"], {})
            found = result["stats"]["median"] / info.get("share", 1)
            systems.setdefault(info["system"], []).append(found)
            if "megabytes" in info:
                memory[info["stage"]] = info["megabytes"]
    medians = {
        stage: {system: median(times) for system, times in systems.items()}
        for stage, systems in seconds.items()
    }
    return medians, memory


def bound(stage: Stage, limit: dict[str, float]) -> float:
    """Seconds that the stage's matrix products take at the machine's pace."""
    return sum(gflop / limit[shape] for shape, gflop in stage.gflop.items() if shape in limit)


def verdicts(
    stage: Stage, systems: dict[str, float], megabytes: float, least: float
) -> Iterator[Verdict]:
    """Hold a stage against its targets; one without a figure is missed."""
    if OURS not in systems:
        targets = [f"at most {stage.seconds:g} s"] if stage.seconds is not None else []
        targets += [f"{ratio:g} times as fast as {peer}" for peer, ratio in stage.times.items()]
        yield from (Verdict(target, "not measured", met=False) for target in targets)
        return
    ours = systems[OURS]
    if stage.seconds is not None:
        yield Verdict(f"at most {stage.seconds:g} s", f"{ours:.3g} s", ours <= stage.seconds)
    for peer, ratio in stage.times.items():
        here = {name: s for name, s in systems.items() if not name.startswith(OURS)}
        elsewhere = peer not in here and not (peer == "any" and here)
        candidates = stage.recorded if elsewhere else here
        name = min(candidates, key=candidates.__getitem__) if peer == "any" else peer
        if name not in candidates:
            yield Verdict(f"{ratio:g} times as fast as {name}", "not measured", met=False)
            continue
        reached = candidates[name] / ours
        where = f"{name}, recorded elsewhere" if elsewhere else name
        target = f"{ratio:g} times as fast as {where}"
        met = None if elsewhere else reached >= ratio
        yield Verdict(target, f"{times(reached)} times", met)
    if stage.share is not None and least:
        share = least / ours
        target = f"{stage.share:.0%} of the pace of the matrix products"
        yield Verdict(target, f"{share:.0%}", share >= stage.share)
    if stage.megabytes is not None:
        target = f"at most {stage.megabytes:g} MB"
        yield Verdict(target, f"{megabytes:.0f} MB", megabytes <= stage.megabytes)


def seconds(value: float) -> str:
    """Write seconds, or milliseconds."""
    return f"{value:.2f} s" if value >= 0.995 else f"{1000 * value:.3g} ms"


def times(ratio: float) -> str:
    """Write a ratio with three digits."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def peers(stage: Stage, systems: dict[str, float]) -> str:
    """Write what the others take, the fastest first, and how many times as long that is."""
    ours = systems[OURS]
    others = [(s, f"{name} {seconds(s)}") for name, s in systems.items() if name != OURS]
    others += [
        (s, f"*{name} {seconds(s)}*") for name, s in stage.recorded.items() if name not in systems
    ]
    return "; ".join(f"{text} ({times(s / ours)} x)" for s, text in sorted(others)) or "-"


def table(header: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    columns = header.split("|")
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def machine_lines(info: dict[str, Any], date: str) -> Iterator[str]:
    """Yield what ran where."""
    blas = {
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', '?')})"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    cpu = info["cpu"]
    yield f"- Machine: {cpu.get('brand_raw', info['machine'])}, {cpu.get('count', '?')} cores;"
    yield f"  {platform.system()} {platform.machine()}, Python {info['python_version']}"
    yield f"- BLAS: {', '.join(sorted(blas))}"
    yield f"- Versions: {', '.join(f'{name} {v}' for name, v in installed().items())}"
    yield f"- Measured: {date[:10]}, at commit {commit()}"
    yield ""


def commit() -> str:
    """Return the commit of the checkout, marked where files differ from it."""
    words = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def installed() -> dict[str, str]:
    """Versions of the packages that are there."""
    found = {}
    for name in PACKAGES.split():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def stage_lines(
    medians: Results, memory: dict[str, float], limit: dict[str, float]
) -> Iterator[str]:
    """Yield the stages beside their peers, and the targets."""
    rows, judged, unmeasured = [], [], []
    for key, stage in STAGES.items():
        systems = medians.get(key, {})
        if OURS not in systems:
            unmeasured.append(stage.title)
            judged += [(stage.title, v) for v in verdicts(stage, systems, 0.0, 0.0)]
            continue
        ours, least = systems[OURS], bound(stage, limit)
        rows.append(
            [
                f"{stage.title}: {stage.work}",
                seconds(ours),
                peers(stage, systems),
                f"{least / ours:.0%}" if least else "-",
                f"{3600 * stage.audio / ours:,.0f}" if stage.audio else "-",
                f"{memory.get(key, 0):.0f} MB",
            ]
        )
        found = verdicts(stage, systems, memory.get(key, 0), least)
        judged += [(stage.title, verdict) for verdict in found]
    yield "## Stages\n"
    yield "Peers in *italics* were recorded on another machine and say less. The share of the"
    yield "limit is the time of the stage's matrix products alone, at this machine's pace, in the"
    yield "time of the whole stage; pruning and 8-bit arithmetic may bring it above 100 %."
    yield "SIDEKIT trains on, and extracts i-vectors of, a tenth of the segments; its times are"
    yield "taken ten times."
    yield ""
    yield from table(
        "stage|trfast|peers (times trfast)|share of the limit|x real time|memory", rows
    )
    yield "## Targets\n"
    yield from table(
        "stage|target|reached|",
        ([title, v.target, v.reached, v.word] for title, v in judged),
    )
    missed = [(title, v) for title, v in judged if v.met is False]
    counted = [v for _, v in judged if v.met is not None]
    n_elsewhere = len(judged) - len(counted)
    n_met = len(counted) - len(missed)
    yield f"{n_met} of {len(counted)} targets are met; {n_elsewhere} more are held against figures"
    yield "of another machine, and are not counted."
    if unmeasured:
        yield f"Not measured: {', '.join(unmeasured)}."
    for stage in STAGES.values():
        if stage.note and any(title == stage.title for title, _ in missed):
            yield f"- {stage.title}: {stage.note}"
    yield ""
    others = {
        key: systems for key, systems in medians.items() if key not in STAGES and OURS in systems
    }
    if others:
        yield "## Other measurements\n"
        yield from table(
            "what|trfast", ([key, seconds(systems[OURS])] for key, systems in others.items())
        )


def whole_lines(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield speed and memory of the whole way."""
    stages = list(runs[0]["stages"])
    yield "## The whole way\n"
    yield "From a 16 kHz WAV file to turns and vectors with the default model, one core, in times"
    yield "real time (hours of audio a core-hour); memory is the peak of the process, the"
    yield "interpreter and the model included. Loading the model, once a process, took"
    yield f"{median(run['loading'] for run in runs):.1f} s."
    yield ""
    rows = []
    for run in runs:
        audio = 3600 * run["hours"]
        rows.append(
            [
                f"{run['hours']:g} h",
                f"**{audio / run['seconds']:,.0f}**",
                f"{run['megabytes']:.0f} MB",
                *(f"{audio / run['stages'][stage]:,.0f}" for stage in stages),
            ]
        )
    yield from table(f"file|x real time|peak memory|{'|'.join(stages)}", rows)
    slowest = min(3600 * run["hours"] / run["seconds"] for run in runs)
    yield (
        f"Target: {TARGET_SPEED:,} times real time a core:"
        f" {'met' if slowest >= TARGET_SPEED else f'**missed**, {slowest:,.0f}'}."
    )
    longest = max(runs, key=lambda run: run["hours"])
    if longest["hours"] >= 10:
        met = "met" if longest["megabytes"] <= TARGET_MEGABYTES else "**missed**"
        yield f"Target: at most {TARGET_MEGABYTES} MB for 10 hours: {met}."
    yield ""


@click.command()
@click.argument("results", type=click.Path(exists=True, path_type=Path))
@click.option("--end-to-end", "whole_path", type=click.Path(path_type=Path), help="Of end_to_end.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
def main(results: Path, whole_path: Path | None, output: Path) -> None:
    """Write a page from results."""
    whole = json.loads(results.read_text())
    medians, memory = by_stage(whole["benchmarks"])
    limit = limits(whole["benchmarks"])
    lines = [
        "# Benchmarks\n",
        "Written by `make bench`: each stage on one core, beside its peers in the same run. Times",
        "are medians, after a call that does not count; memory is the most that NumPy allocated in",
        "that call, the result included.\n",
        *machine_lines(whole["machine_info"], whole["datetime"]),
        "## The machine's own limits\n",
        *table(
            "what|pace",
            (
                [name if name == "copy" else f"SGEMM, {name}", f"{pace:.0f} {unit}"]
                for name, pace in limit.items()
                for unit in ["GB/s, read and written" if name == "copy" else "GFLOP/s"]
            ),
        ),
        *stage_lines(medians, memory, limit),
        *(whole_lines(json.loads(whole_path.read_text())) if whole_path else []),
    ]
    output.write_text("\n".join(lines).rstrip() + "\n")
    click.echo(f"wrote {output}")


if __name__ == "__main__":
    main()
