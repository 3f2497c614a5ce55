"""Who speaks in a turn, and for how long: one turn, one speaker at a time."""

from trfast.annotation import Annotation, Timeline, Turn


def spoken(reference: Annotation, turn: Turn) -> dict[str, float]:
    """Seconds of each reference speaker in a turn."""
    within = Timeline([(turn.start, turn.end)])
    return {
        speaker: Timeline((t.start, t.end) for t in reference if t.speaker == speaker)
        .intersection(within)
        .duration
        for speaker in reference.speakers
    }


def most_speaking(reference: Annotation, turn: Turn) -> str:
    """Who speaks most in a turn, the first by name; the turn's own speaker if nobody does."""
    speech = spoken(reference, turn)
    most = max(speech.values(), default=0.0)
    return next((name for name, s in speech.items() if s == most > 0), turn.speaker)
