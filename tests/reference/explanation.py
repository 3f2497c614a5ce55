"""The parts of X-DER's speaker error by their definitions."""

from tests.reference.der import Moment, most_correct


def speaker_errors(scored: list[Moment]) -> tuple[dict[str, tuple[float, float]], float]:
    """By recording, segmentation and clustering; then linking, in seconds."""
    parts = {}
    for name in {m.recording for m in scored}:
        here = [m for m in scored if m.recording == name]
        matched = sum(m.seconds * min(len(m.speaks), len(m.said)) for m in here)
        within = matched - most_correct(here)
        segmentation = min(matched - _oracle_correct(here), within)
        parts[name] = segmentation, within - segmentation
    matched = sum(m.seconds * min(len(m.speaks), len(m.said)) for m in scored)
    return parts, matched - most_correct(scored) - sum(map(sum, parts.values()))


def _oracle_correct(scored: list[Moment]) -> float:
    main = {}
    for turn in {t for m in scored for t in m.turns}:
        speech: dict[str, float] = {}
        for m in scored:
            for speaker in m.speaks if turn in m.turns else ():
                speech[speaker] = speech.get(speaker, 0) + m.seconds
        main[turn] = max(sorted(speech), key=lambda s: speech[s], default=None)
    return sum(
        m.seconds * min(len(m.speaks & {main[t] for t in m.turns}), len(m.said)) for m in scored
    )
