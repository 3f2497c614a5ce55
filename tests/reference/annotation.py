"""Who speaks for how long, and who alone: every speaker, every moment."""

from itertools import pairwise

from trfast.annotation import Annotation, Timeline


def speech_by_speaker(annotation: Annotation) -> dict[str, float]:
    """Seconds of each speaker, over their turns alone."""
    return {
        speaker: Timeline((t.start, t.end) for t in annotation if t.speaker == speaker)
        .merged()
        .duration
        for speaker in annotation.speakers
    }


def single_speaker_turns(
    annotation: Annotation, min_duration: float
) -> list[tuple[float, float, str]]:
    """Stretches in which the turns of one speaker only lie."""
    alone: list[tuple[float, float, str]] = []
    times = sorted({time for turn in annotation for time in (turn.start, turn.end)})
    for start, end in pairwise(times):
        active = {t.speaker for t in annotation if t.start <= start and end <= t.end}
        if len(active) != 1:
            continue
        (speaker,) = active
        if alone and alone[-1][1:] == (start, speaker):
            alone[-1] = (alone[-1][0], end, speaker)
        else:
            alone.append((start, end, speaker))
    return [turn for turn in alone if turn[1] - turn[0] >= min_duration]
