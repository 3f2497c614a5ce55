"""Table 2: the error that perfect linking leaves.

python -m benchmarks.paper.table2
"""

from __future__ import annotations

from benchmarks.paper._common import TARGETS, Study, command

from trfast.annotation import Annotation
from trfast.evaluation import diarization_error, oracle_linking


def run(study: Study, output: str = "table2", recipe: str = "default") -> None:
    """Each segment takes the name of who speaks most in it; I-DER, X-DER and their parts."""
    errors = {target: _errors(study, recipe, target) for target in TARGETS}
    cells = [
        [part, *(f"{100 * own[part]:.1f}" for own in errors.values())]
        for part in errors[TARGETS[0]]
    ]
    rows = [{"target": target, **own} for target, own in errors.items()]
    study.write(output, rows, (["", *TARGETS], cells))


def _errors(study: Study, recipe: str, target: str) -> dict[str, float]:
    labelled = study.labelled[target]
    segments = {
        s.recording: Annotation(
            s.recording, [(*bounds, str(k)) for k, bounds in enumerate(s.seconds.tolist())]
        )
        for s in study.material[recipe, target].segments
    }
    oracle = oracle_linking(labelled.reference, segments)
    within, across = (
        diarization_error(
            labelled.reference,
            oracle,
            uem=labelled.uem,
            skip_overlap=True,
            across_recordings=across_recordings,
        ).total
        for across_recordings in (False, True)
    )
    return {
        "oracle linking I-DER": within.error_rate,
        "oracle linking X-DER": across.error_rate,
        "false speech": across.false_alarm / across.scored,
        "missed speech": across.missed / across.scored,
        "speaker error": across.speaker_error / across.scored,
    }


main = command(run)

if __name__ == "__main__":
    main()
