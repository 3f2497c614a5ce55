"""Diarization error by its definition: every elementary interval, every mapping."""

from itertools import pairwise, permutations

from trfast import annotation as ann


def error_times(
    reference: dict[str, ann.Annotation],
    hypothesis: dict[str, ann.Annotation],
    *,
    uem: dict[str, ann.Timeline] | None = None,
    collar: float = 0.0,
    skip_overlap: bool = False,
    across_recordings: bool = False,
) -> tuple[float, float, float, float]:
    """Scored, missed, false alarm, speaker error, in seconds."""
    moments = []  # of scored time: recording, duration, who should speak, who is said to speak
    for name, ref in reference.items():
        hyp = hypothesis.get(name, ann.Annotation(name))
        bounds = [t for turn in ref if turn.duration > 0 for t in (turn.start, turn.end)]
        edges = {b + c for b in bounds for c in (-collar, 0, collar)}
        edges |= {t for turn in hyp for t in (turn.start, turn.end)}
        if uem:
            edges |= {t for region in uem[name] for t in (region.start, region.end)}
        for a, b in pairwise(sorted(edges)):
            middle = (a + b) / 2
            speaks = {t.speaker for t in ref if t.start < middle < t.end}
            said = {t.speaker for t in hyp if t.start < middle < t.end}
            if (
                any(abs(middle - bound) < collar for bound in bounds)
                or (uem and not any(r.start < middle < r.end for r in uem[name]))
                or (skip_overlap and len(speaks) > 1)
            ):
                continue
            moments.append((name, b - a, speaks, said))
    if across_recordings:
        correct = _most_correct(moments)
    else:
        correct = sum(_most_correct([m for m in moments if m[0] == name]) for name in reference)
    return (
        sum(d * len(r) for _, d, r, _ in moments),
        sum(d * max(len(r) - len(h), 0) for _, d, r, h in moments),
        sum(d * max(len(h) - len(r), 0) for _, d, r, h in moments),
        sum(d * min(len(r), len(h)) for _, d, r, h in moments) - correct,
    )


def _most_correct(moments: list[tuple[str, float, set[str], set[str]]]) -> float:
    refs = sorted({name for _, _, speaks, _ in moments for name in speaks})
    hyps = sorted({name for _, _, _, said in moments for name in said})
    candidates: list[str | None] = [*refs, *[None] * len(hyps)]
    return max(
        sum(
            duration * sum(to in speaks for h, to in zip(hyps, mapping, strict=True) if h in said)
            for _, duration, speaks, said in moments
        )
        for mapping in permutations(candidates, len(hyps))
    )
