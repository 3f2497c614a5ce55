"""Figure 3: the number of nearest neighbours.

python -m benchmarks.paper.figure3
"""

from __future__ import annotations

from benchmarks.paper._common import Study, command
from benchmarks.paper._verification import run as run_verification

NEIGHBOURS = (10, 25, 50, 100, 200, 400)


def run(study: Study) -> None:
    """Verification error by epoch, for 10 to 400 nearest neighbours; one triplet a class."""
    conditions = {f"{k}-NN": {"n_neighbors": k, "triplets_per_class": 1} for k in NEIGHBOURS}
    run_verification(study, "figure3", conditions, shown=list(conditions), band="100-NN")


main = command(run)

if __name__ == "__main__":
    main()
