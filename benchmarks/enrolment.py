"""Half the speakers of a collection, enrolled from one recording each: who is named, rightly?

    python benchmarks/enrolment.py COLLECTION... [--halves N] [--model MODEL --embedder FILE]

A voice is what the reference says that the speaker says in one recording, which is left out for
that speaker. Shares of speech: of enrolled speakers in their other recordings, named rightly or as
somebody else; of all others, named at all. First by the voices alone, then with those whom linking
joins to them. The false acceptance, of pairs of a stranger and a speaker's voice, stands beside the
estimate of `identify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from trfast.annotation import Timeline
from trfast.diarization import Diarization, Diarizer, Job
from trfast.errors import TrfastError
from trfast.evaluation import common_time
from trfast.linking import Voices, link_centred
from trfast.model import load_model
from trfast.scoring.centring import shift_of_speakers
from trfast.training.labelled import LabelledCollection

LEAST = 5.0  # seconds of a voice, where the speaker has a recording with as much


@dataclass
class Heard:
    """Local speakers of a collection, who they are, and a voice of each speaker by recording."""

    vectors: np.ndarray
    recordings: np.ndarray
    speech: np.ndarray
    who: np.ndarray
    voices: dict[tuple[str, str], tuple[np.ndarray, float]]


def hear(collection: LabelledCollection, diarizer: Diarizer) -> Heard:
    found, voices = {}, {}
    for name, file in collection.audio.items():
        found[name] = diarizer(file)
        for speaker, timeline in collection.reference[name].timeline_by_speaker().items():
            voice = alone(diarizer, name, file, timeline)
            if voice is not None:
                voices[name, speaker] = voice.vectors[0], float(voice.speech_durations[0])
    keys = [(name, s) for name, d in sorted(found.items()) for s in d.speakers]
    common = common_time(
        collection.reference, {n: d.annotation for n, d in found.items()}, uem=collection.uem
    )
    seconds = common.seconds.tocsc()
    column = {key: k for k, key in enumerate(common.hypothesis)}
    who = []
    for key in keys:
        shared = seconds[:, [column[key]]].toarray()[:, 0] if key in column else np.zeros(1)
        who.append(common.reference[shared.argmax()][1] if shared.max() > 0 else "")
    ordered = [d for _, d in sorted(found.items())]
    return Heard(
        np.concatenate([d.vectors for d in ordered]),
        np.array([name for name, _ in keys]),
        np.concatenate([d.speech_durations for d in ordered]),
        np.array(who),
        voices,
    )


def alone(diarizer: Diarizer, name: str, file: Path, speech: Timeline) -> Diarization | None:
    """Diarize what one speaker says; None where that is too little."""
    try:
        found = diarizer(Job(name, file, speech=speech, num_speakers=1))
    except TrfastError:
        return None
    return found if len(found.vectors) == 1 else None


@click.command()
@click.argument("collections", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--halves", default=20, show_default=True, help="Random halves of the speakers.")
@click.option("--model")
@click.option("--embedder", type=click.Path(path_type=Path))
def main(
    collections: tuple[Path, ...], halves: int, model: str | None, embedder: Path | None
) -> None:
    """Enrol halves of the speakers."""
    loaded = load_model(model, embedder=embedder)
    diarizer, comparison = Diarizer(loaded), loaded.across()
    for path in collections:
        heard = hear(LabelledCollection.read(path), diarizer)
        rows = np.array([measure(heard, comparison, seed) for seed in range(halves)])
        n_speakers = len({speaker for _, speaker in heard.voices})
        click.echo(
            f"{path.name}: {len(set(heard.recordings))} recordings, {n_speakers} speakers,"
            f" {halves} halves of them; shares of speech, in %"
        )
        for how, first in (("by voice", 0), ("after linking", 3)):
            right, wrong, strangers = 100 * rows[:, first : first + 3].mean(axis=0)
            click.echo(
                f"  {how}: named rightly {right:.1f}, as somebody else {wrong:.1f};"
                f" of strangers named {strangers:.1f}"
            )
        seen, estimated = 100 * rows[:, 6:].mean(axis=0)
        click.echo(f"  false acceptance {seen:.2f} %, estimated {estimated:.2f} %")


def measure(heard: Heard, comparison, seed: int) -> list[float]:
    """Shares by voice, the same after linking, and false acceptance, seen and estimated."""
    rng = np.random.default_rng(seed)
    speakers = sorted({speaker for _, speaker in heard.voices})
    half = rng.permutation(speakers)[: len(speakers) // 2].tolist()
    chosen = []
    for speaker in half:
        keys = [key for key in heard.voices if key[1] == speaker]
        long = [key for key in keys if heard.voices[key][1] >= LEAST]
        chosen.append((long or keys)[rng.integers(len(long or keys))])
    voices = Voices(np.stack([heard.voices[key][0] for key in chosen]), np.arange(len(half)))
    links = link_centred(heard.vectors, heard.recordings.tolist(), comparison, voices=voices)
    by_voice = links.identified.speakers
    of_label = {int(links.labels[row]): int(by_voice[row]) for row in np.flatnonzero(by_voice >= 0)}
    linked = np.array([of_label.get(int(label), -1) for label in links.labels])

    number = {speaker: k for k, speaker in enumerate(half)}
    true = np.array([number.get(speaker, -1) for speaker in heard.who])
    voice_from = np.array([name for name, _ in chosen])
    left_out = (true >= 0) & (voice_from[true] == heard.recordings)
    speech = np.where(left_out, 0.0, heard.speech)
    shares = []
    for named in (by_voice, linked):
        inside, outside = speech[true >= 0].sum(), speech[true < 0].sum()
        shares += [
            speech[(true >= 0) & (named == true)].sum() / inside,
            speech[(true >= 0) & (named >= 0) & (named != true)].sum() / inside,
            speech[(true < 0) & (named >= 0)].sum() / outside,
        ]
    return [*shares, seen(heard, comparison, links.labels, voices, true), rate(links)]


def rate(links) -> float:
    found = links.identified.false_acceptance
    return np.nan if found is None else found


def seen(heard: Heard, comparison, labels, voices: Voices, true) -> float:
    """Share of pairs of a local speaker and a voice of somebody else that reach the threshold."""
    shift = shift_of_speakers(heard.vectors, labels, comparison.backend)
    vectors = np.concatenate([heard.vectors, voices.vectors]) - shift
    scores = comparison.scores(comparison.backend.project(vectors))
    n = len(true)
    table = scores.between(slice(0, n), slice(n, None))
    strangers = true[:, None] != np.arange(table.shape[1])
    return float((table[strangers] >= comparison.threshold).mean())


if __name__ == "__main__":
    main()
