"""Figure 4: examples a class, and the classes that contribute.

python -m benchmarks.paper.figure4
"""

from __future__ import annotations

from benchmarks.paper._common import Study, command
from benchmarks.paper._verification import run as run_verification

TRIPLETS = (1, 3, 5)


def run(study: Study) -> None:
    """Verification error and contributing classes by epoch, for 1, 3 and 5 triplets a class."""
    conditions = {f"{n} triplet{'s' * (n > 1)}": {"triplets_per_class": n} for n in TRIPLETS}
    run_verification(
        study,
        "figure4",
        conditions,
        shown=list(conditions),
        band="3 triplets",
        measures=("eer", "min_dcf", "classes"),
    )


main = command(run)

if __name__ == "__main__":
    main()
