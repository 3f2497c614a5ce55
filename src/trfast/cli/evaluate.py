"""trfast evaluate: the diarization error of RTTM files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trfast.annotation import Annotation, Timeline
from trfast.cli import _explanation, _formats, _options, _output, _tables
from trfast.evaluation import (
    ClusterQuality,
    ClusterRates,
    DiarizationError,
    ErrorTimes,
    cluster_quality,
    diarization_error,
    explain,
)

Scores = dict[str, tuple[DiarizationError, ClusterQuality]]


@click.command()
@click.argument("reference", type=_options.PathType())
@click.argument("hypothesis", nargs=-1, required=True, type=_options.PathType())
@click.option("--uem", type=_options.PathType(), help="Score only the time in this UEM file.")
@click.option(
    "--collar",
    default=0.25,
    show_default=True,
    help="Seconds left out on each side of every reference boundary.",
)
@_formats.CHANNELS
@click.option("--skip-overlap", is_flag=True, help="Leave overlapped reference speech out.")
@click.option(
    "--across-recordings",
    is_flag=True,
    help="Also X-DER: a name is one speaker in the whole collection.",
)
@click.option("--more", is_flag=True, help="Also JER, purity and coverage of the speakers.")
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Say where X-DER comes from, by recording and by speaker.",
)
def evaluate(
    reference: Path,
    hypothesis: tuple[Path, ...],
    uem: Path | None,
    collar: float,
    channels: str,
    skip_overlap: bool,
    across_recordings: bool,
    more: bool,
    explained: bool,
) -> None:
    """Score RTTM files against a reference: diarization error (DER) and its components.

    REFERENCE is a RTTM file or a folder of them, or a file of another format; HYPOTHESIS one or
    more of these. With --uem, what that names is scored, also where the reference has no speech.
    NOSCORE lines of the reference are not scored.

    I-DER maps speakers for each recording, X-DER once for the collection. The mapping is one to
    one and the best for what is scored.

    --explain parts X-DER into missed speech, false alarm, segmentation (what stays if each turn
    takes the name of who speaks most in it), clustering within recordings (what I-DER has above
    that) and linking (what X-DER has above I-DER).
    """
    if more and explained and not _output.is_json():  # which has all of it
        raise click.UsageError("--explain has tables of its own: give it or --more, not both.")
    scored = _read(reference, hypothesis, uem, split=channels == "split")
    annotations = scored.reference, scored.hypothesis
    how: dict[str, Any] = {
        "uem": scored.uem,
        "no_score": scored.no_score,
        "collar": collar,
        "skip_overlap": skip_overlap,
    }
    explanation = explain(*annotations, **how) if explained else None
    scores = {
        name: (
            diarization_error(*annotations, **how, across_recordings=across),
            cluster_quality(*annotations, **how, across_recordings=across),
        )
        for name, across in [("I-DER", False), ("X-DER", True)][: 1 + across_recordings]
    }

    def as_json() -> dict[str, Any]:
        explained = {"explanation": _explanation.as_json(explanation)} if explanation else {}
        return _as_json(scores, uem) | explained

    def in_words() -> None:
        console = _tables.console()
        if explanation:
            _explanation.show(console, explanation)
        else:
            _show(console, scores, more=more)
        for note in _notes(scores["I-DER"][0], scored, split=channels == "split"):
            console.print(note, style="yellow", soft_wrap=True)
        if uem is not None:
            click.echo(f"UEM: {uem}")

    _output.report(as_json, in_words, asked=True)


@dataclass(frozen=True)
class _Scored:
    """What was read; `several` are the recordings with more channels than one."""

    reference: dict[str, Annotation]
    hypothesis: dict[str, Annotation]
    uem: dict[str, Timeline] | None
    no_score: dict[str, Timeline]
    several: list[str]


def _read(reference: Path, hypothesis: Sequence[Path], uem: Path | None, *, split: bool) -> _Scored:
    ref, hyp = _formats.read_drafts([reference]), _formats.read_drafts(hypothesis)
    regions = [] if uem is None else _formats.read_drafts([uem], "uem")
    drafts = [draft for _, draft in (*ref, *hyp, *regions)]
    name, several = _formats.names_of_channels(drafts, split=split)
    timelines = _formats.together(draft.timelines(name) for _, draft in regions)
    return _Scored(
        _formats.annotations_of(ref, name),
        _formats.annotations_of(hyp, name),
        None if uem is None else timelines,
        _formats.together(draft.no_scores(name) for _, draft in ref),
        several,
    )


def _notes(score: DiarizationError, scored: _Scored, *, split: bool) -> Iterator[str]:
    """Say what is not scored, and why."""
    spoken = {name for name, annotation in scored.reference.items() if annotation.turns}
    if not spoken:
        yield "The reference is empty: no turns. All that was found is false alarm"
    if score.missing:
        yield f"Not in the hypothesis, all missed: {_tables.listed(score.missing)}"
    for why in sorted(set(score.unscored.values())):
        left = [name for name, reason in score.unscored.items() if reason == why]
        yield f"Not scored ({why}): {_tables.listed(left)}"
    for why, among in (
        ("no reference speech", set(score.silent) - spoken),
        (
            "the collar, the UEM, NOSCORE or --skip-overlap leaves no reference speech",
            spoken & set(score.silent),
        ),
    ):
        if among:
            yield f"Only false alarm counts ({why}): {_tables.listed(sorted(among))}"
    if not score.total.scored:
        yield "No error rate: no reference speech is scored"
    if scored.several and not split:
        several = _tables.listed(scored.several)
        yield f"Several channels, scored as one (--channels split: each): {several}"


def _as_json(scores: Scores, uem: Path | None) -> dict[str, Any]:
    first, _ = scores["I-DER"]
    return {
        "conventions": {
            "collar_each_side": first.conventions.collar,
            "overlap_scored": not first.conventions.skip_overlap,
            "uem": None if uem is None else str(uem),
            "no_score_seconds": first.conventions.no_score,
            "unit": "seconds of speaker time; rates are fractions, null if nothing is scored",
        },
        "missing": first.missing,
        "unscored": first.unscored,
        "without_reference_speech": first.silent,
    } | {
        name.lower().replace("-", "_"): {
            "conventions": str(score.conventions),
            "total": _row_as_json(score.total, quality.total),
            "recordings": {
                recording: _row_as_json(times, quality.recordings.get(recording))
                | {"mapping": score.mapping[recording]}
                for recording, times in score.recordings.items()
            },
        }
        for name, (score, quality) in scores.items()
    }


def _row_as_json(times: ErrorTimes, rates: ClusterRates | None) -> dict[str, Any]:
    fractions = asdict(rates) if rates else {}
    return asdict(times) | {"error_rate": times.error_rate} | fractions


def _show(console: Console, scores: Scores, *, more: bool) -> None:
    table = _tables.table("Recording", ("Scored\ns", "Missed\n% (s)", "False alarm\n% (s)"))
    for name in scores:
        table.add_column(f"Speaker error, {name[0]}\n% (s)", justify="right")
        table.add_column(f"{name}\n%", justify="right", style="bold")
    for heading in ("JER\n%", "Purity\n%", "Coverage\n%") if more else ():
        table.add_column(heading, justify="right")
    first, quality = scores["I-DER"]
    for recording in first.recordings:
        times = [score.recordings[recording] for score, _ in scores.values()]
        _add_row(table, recording, times, quality.recordings[recording] if more else None)
    table.add_section()
    times = [score.total for score, _ in scores.values()]
    _add_row(table, f"All ({len(first.recordings)})", times, quality.total if more else None)
    console.print(table)
    for name, (score, quality) in scores.items():
        console.print(f"{name}: {score.conventions}", soft_wrap=True)
        if more and score.conventions.across_recordings:
            jer, purity, coverage = map(_tables.percent, asdict(quality.total).values())
            console.print(
                f"Speakers across recordings: JER {jer} %, purity {purity} %,"
                f" coverage {coverage} %",
                soft_wrap=True,
            )


def _add_row(
    table: Table, name: str, times: Sequence[ErrorTimes], rates: ClusterRates | None
) -> None:
    first = times[0]
    cells = [f"{first.scored:.1f}"]
    cells += [_tables.share(part, first.scored) for part in (first.missed, first.false_alarm)]
    for row in times:
        cells += [_tables.share(row.speaker_error, first.scored), _tables.percent(row.error_rate)]
    cells += map(_tables.percent, asdict(rates).values() if rates else ())
    table.add_row(Text(name), *cells)
