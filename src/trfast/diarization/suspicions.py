"""What the user should know of the sound of a recording: it may not be what was meant."""

from __future__ import annotations

from collections.abc import Iterator

from trfast.audio import SoundCheck, has_sound, probe
from trfast.diarization.job import Job
from trfast.diarization.result import Diarization


def suspicions(job: Job, check: SoundCheck, found: Diarization) -> Iterator[str]:
    """Yield what is suspicious: what the check heard, another track that is not silent, no speech
    where no marks say so."""
    yield from check.warnings
    if check.is_silent:
        for k in range(probe(job.source, track=job.track).tracks):
            if k != job.track and has_sound(job.source, track=k):
                yield (
                    f"track {k} is not silent: take it, with --track {k}, in Python"
                    f" Job(..., track={k})"
                )
                break
    elif job.speech is None and not found.annotation.turns:
        yield f"no speech was found in its {check.duration:.1f} s"
