"""Figure 2: the margin.

python -m benchmarks.paper.figure2
"""

from __future__ import annotations

from benchmarks.paper._common import Study, command
from benchmarks.paper._verification import run as run_verification

MARGINS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def run(study: Study) -> None:
    """Verification error by epoch, for margins from 0.4 to 1.0; one triplet a class."""
    run_verification(
        study,
        "figure2",
        {f"margin {m}": {"margin": m, "triplets_per_class": 1} for m in MARGINS},
        shown=[f"margin {m}" for m in MARGINS[::2]],
        band="margin 0.6",
    )


main = command(run)

if __name__ == "__main__":
    main()
