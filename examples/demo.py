"""Diarize and link the four example shows: python examples/demo.py OUT"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from trfast import Collection, Diarizer, load_model, read_rttm
from trfast.audio import find_audio
from trfast.evaluation import DiarizationError, diarization_error
from trfast.formats import read_uem
from trfast.report import write_collection_report

EXAMPLES = Path(__file__).parent


def main(out: Path) -> None:
    """Diarize, link, score, and print what was found."""
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    model = load_model()
    diarizer = Diarizer(model)
    with Collection(out / "collection.sqlite") as collection:
        failures = collection.add_all(find_audio([EXAMPLES / "audio"]), diarizer=diarizer)
        collection.link(model)
        collection.to_rttm(out / "collection.rttm")
        durations = {show.name: show.duration for show in collection.recordings()}
        write_collection_report(collection, out / "collection.html")
    seconds = time.perf_counter() - start
    for failure in failures:
        print(f"{failure.recording}: {failure.error}", file=sys.stderr)

    reference, uem = read_rttm(EXAMPLES / "ref.rttm"), read_uem(EXAMPLES / "all.uem")
    hypothesis = read_rttm(out / "collection.rttm")
    within, across = (
        diarization_error(
            reference, hypothesis, uem=uem, skip_overlap=True, across_recordings=across_recordings
        )
        for across_recordings in (False, True)
    )
    speech = {name: show.speech_by_speaker() for name, show in hypothesis.items()}
    console = Console(width=100, highlight=False)
    console.print("Seconds of speech, by speaker and show:")
    console.print(speech_table(speech, across))
    for name, score in (("I-DER", within), ("X-DER", across)):
        total = score.total
        console.print(
            f"{name} {total.error_rate:6.1%}: missed {total.missed / total.scored:.1%},"
            f" false alarm {total.false_alarm / total.scored:.1%},"
            f" speaker error {total.speaker_error / total.scored:.1%}"
        )
    console.print(f"X-DER with {across.conventions}; I-DER by recording.")
    console.print(f"{sum(durations.values()):.0f} s of audio in {seconds:.1f} s")
    for suffix, what in (("rttm", "turns"), ("html", "a page to look at"), ("sqlite", "all of it")):
        console.print(f"{out / 'collection'}.{suffix}: {what}")


def speech_table(speech: dict[str, dict[str, float]], score: DiarizationError) -> Table:
    """Seconds of each speaker in each show, and who it is after the reference."""
    truth = {name: ref for mapping in score.mapping.values() for name, ref in mapping.items()}
    table = Table("speaker", *speech, "scored as", box=None)
    for column in table.columns[1:-1]:
        column.justify = "right"
    for speaker in sorted({name for show in speech.values() for name in show}):
        cells = [f"{show[speaker]:.1f}" if speaker in show else "" for show in speech.values()]
        table.add_row(speaker, *cells, truth.get(speaker, ""))
    return table


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/demo.py OUT")
    main(Path(sys.argv[1]))
