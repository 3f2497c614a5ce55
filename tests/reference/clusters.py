"""Jaccard error rate, purity and coverage by their definitions."""

from tests.reference.der import Moment, correct_time, mappings, most_correct


def seconds(scored: list[Moment], ref: str | None = None, hyp: str | None = None) -> float:
    return sum(
        m.seconds
        for m in scored
        if (ref is None or ref in m.speaks) and (hyp is None or hyp in m.said)
    )


def jaccard_error_rates(scored: list[Moment]) -> list[float]:
    """One for each mapping with the most time in common; empty without reference speech."""
    refs = {name for m in scored for name in m.speaks if m.seconds > 0}
    best = most_correct(scored)
    rates = []
    for mapping in mappings(scored):
        if not refs or correct_time(scored, mapping) < best - 1e-9:
            continue
        similarity = 0.0
        for hyp, ref in mapping.items():
            if ref in refs:
                both = seconds(scored, ref, hyp)
                similarity += both / (seconds(scored, ref) + seconds(scored, None, hyp) - both)
        rates.append(1 - similarity / len(refs))
    return rates


def purity(scored: list[Moment]) -> tuple[float, float]:
    """Time of the main speakers of the hypothesis's speakers, and of these in all."""
    refs = {name for m in scored for name in m.speaks}
    hyps = {name for m in scored for name in m.said}
    return (
        sum(max((seconds(scored, r, h) for r in refs), default=0.0) for h in hyps),
        sum(seconds(scored, None, h) for h in hyps),
    )


def coverage(scored: list[Moment]) -> tuple[float, float]:
    return purity([m._replace(speaks=m.said, said=m.speaks) for m in scored])
