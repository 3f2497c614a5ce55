"""Table 1: what the collections are made of.

python -m benchmarks.paper.table1
"""

from __future__ import annotations

from dataclasses import asdict

from benchmarks.paper._common import Study, command

from trfast.evaluation import corpus_counts


def run(study: Study) -> None:
    """Recordings, speech, one-time and recurring speakers, and their shares."""
    counts = {
        name: corpus_counts(labelled.reference, uem=labelled.uem)
        for name, labelled in study.labelled.items()
    }
    rows = {
        "Recordings": lambda c: str(c.recordings),
        "Speech": lambda c: f"{c.speech / 60:.0f} min",
        "One-time speakers": lambda c: str(c.one_time),
        "Recurring speakers (2+ recordings)": lambda c: str(c.recurring),
        "Recurring speakers (3+ recordings)": lambda c: str(c.frequent),
        "Speakers": lambda c: str(c.speakers),
        "One-time speakers' share of speech": lambda c: f"{c.one_time_share:.1%}",
        "Recurring speakers' (2+)": lambda c: f"{c.recurring_share:.1%}",
        "Recurring speakers' (3+)": lambda c: f"{c.frequent_share:.1%}",
        "Mean speaker time a recording": lambda c: f"{c.mean_speaker_time:.1f} s",
    }
    cells = [[title, *map(form, counts.values())] for title, form in rows.items()]
    values = [{"collection": name, **asdict(count)} for name, count in counts.items()]
    study.write("table1", values, (["", *counts], cells))


main = command(run)

if __name__ == "__main__":
    main()
