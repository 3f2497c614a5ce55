"""Diarization error by its definition: every elementary interval, every mapping."""

from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import NamedTuple

from trfast import annotation as ann


class Moment(NamedTuple):
    """A stretch of scored time in which nothing changes."""

    recording: str
    seconds: float
    speaks: set[str]
    said: set[str]
    turns: set[int]  # of the hypothesis


def moments(
    reference: dict[str, ann.Annotation],
    hypothesis: dict[str, ann.Annotation],
    *,
    uem: dict[str, ann.Timeline] | None = None,
    no_score: dict[str, ann.Timeline] | None = None,
    collar: float = 0.0,
    skip_overlap: bool = False,
) -> list[Moment]:
    found = []
    for name, ref in reference.items():
        hyp = hypothesis.get(name, ann.Annotation(name))
        bounds = [t for turn in ref if turn.duration > 0 for t in (turn.start, turn.end)]
        edges = {b + c for b in bounds for c in (-collar, 0, collar)}
        edges |= {t for turn in hyp for t in (turn.start, turn.end)}
        if uem:
            edges |= {t for region in uem[name] for t in (region.start, region.end)}
        left_out = list((no_score or {}).get(name, ()))
        edges |= {t for region in left_out for t in (region.start, region.end)}
        for a, b in pairwise(sorted(edges)):
            middle = (a + b) / 2
            speaks = {t.speaker for t in ref if t.start < middle < t.end}
            turns = {k for k, t in enumerate(hyp) if t.start < middle < t.end}
            if (
                any(abs(middle - bound) < collar for bound in bounds)
                or (uem and not any(r.start < middle < r.end for r in uem[name]))
                or any(r.start < middle < r.end for r in left_out)
                or (skip_overlap and len(speaks) > 1)
            ):
                continue
            said = {hyp.turns[k].speaker for k in turns}
            found.append(Moment(name, b - a, speaks, said, turns))
    return found


def error_times(
    reference: dict[str, ann.Annotation],
    hypothesis: dict[str, ann.Annotation],
    *,
    uem: dict[str, ann.Timeline] | None = None,
    no_score: dict[str, ann.Timeline] | None = None,
    collar: float = 0.0,
    skip_overlap: bool = False,
    across_recordings: bool = False,
) -> tuple[float, float, float, float]:
    """Scored, missed, false alarm, speaker error, in seconds."""
    scored = moments(
        reference,
        hypothesis,
        uem=uem,
        no_score=no_score,
        collar=collar,
        skip_overlap=skip_overlap,
    )
    if across_recordings:
        correct = most_correct(scored)
    else:
        correct = sum(most_correct([m for m in scored if m.recording == n]) for n in reference)
    return (
        sum(m.seconds * len(m.speaks) for m in scored),
        sum(m.seconds * max(len(m.speaks) - len(m.said), 0) for m in scored),
        sum(m.seconds * max(len(m.said) - len(m.speaks), 0) for m in scored),
        sum(m.seconds * min(len(m.speaks), len(m.said)) for m in scored) - correct,
    )


def mappings(scored: list[Moment]) -> Iterator[dict[str, str | None]]:
    """Every one-to-one mapping of the hypothesis's speakers."""
    refs = sorted({name for m in scored for name in m.speaks})
    hyps = sorted({name for m in scored for name in m.said})
    candidates: list[str | None] = [*refs, *[None] * len(hyps)]
    return (dict(zip(hyps, m, strict=True)) for m in permutations(candidates, len(hyps)))


def correct_time(scored: list[Moment], mapping: dict[str, str | None]) -> float:
    return sum(m.seconds * sum(mapping[h] in m.speaks for h in m.said) for m in scored)


def most_correct(scored: list[Moment]) -> float:
    return max(correct_time(scored, mapping) for mapping in mappings(scored))
