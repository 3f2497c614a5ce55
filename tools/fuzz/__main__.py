"""Fuzz a reader: python -m tools.fuzz TARGET [options of libFuzzer], such as -max_total_time=600.

What is found new goes to build/fuzz/TARGET; seeds are in tools/fuzz/corpus/TARGET. Needs atheris,
in a Python that it has wheels for. An error that is none of trfast's own ends it, with its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["trfast", "kaldiio", "zipfile", "csv"]):
    from tools.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """Fuzz the target that the command line names."""
    if sys.argv[1:2] == [] or sys.argv[1] not in TARGETS:
        sys.exit(f"{__doc__}\nTargets: {', '.join(TARGETS)}")
    target, options = sys.argv[1], sys.argv[2:]
    found = Path("build/fuzz") / target
    found.mkdir(parents=True, exist_ok=True)
    options += [f"-artifact_prefix={found}/", str(found), str(CORPUS / target)]
    atheris.Setup([sys.argv[0], *options], TARGETS[target])
    atheris.Fuzz()


main()
