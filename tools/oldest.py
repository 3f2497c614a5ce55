"""Print pip constraints that pin every package to its lower bound in pyproject.toml."""

import re
import tomllib
from itertools import chain
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

settings = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
project = settings["project"]
required = chain(
    settings["build-system"]["requires"],
    project["dependencies"],
    *(
        project["optional-dependencies"][extra]
        for extra in (
            "av",
            "dask",
            "kaldi",
            "neural",
            "numba",
            "pandas",
            "plot",
            "pyannote",
            "remote",
            "review",
            "tables",
            "test-core",
        )
    ),
)
pins = {
    f"{bound[1]}=={bound[2]}"
    for requirement in required
    if (bound := re.fullmatch(r"([\w.-]+)>=([\d.]+)", requirement))
}
print(*sorted(pins), sep="\n")
