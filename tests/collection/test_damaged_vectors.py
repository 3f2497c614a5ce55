"""Files of vectors that are damaged: errors of ours, or what can still be read."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.mutations import mutations
from trfast.annotation import Annotation
from trfast.collection import (
    Collection,
    import_diarizations,
    read_vectors,
    write_vectors,
)
from trfast.comparison import Comparison
from trfast.errors import CollectionError, TrfastError

TURNS = [Annotation("a", [(0.0, 2.0, "S1"), (2.0, 3.0, "S2")]), Annotation("b", [(0, 1, "S1")])]
VECTORS = {("a", "S1"): [1.0, 0.5], ("a", "S2"): [-1.0, 0.25], ("b", "S1"): [1.0, 0.75]}


def taken(path: Path) -> None:
    """Import the vectors, and link."""
    with suppress(TrfastError), Collection(":memory:") as collection:
        collection.add_diarizations(import_diarizations(TURNS, read_vectors(path)))
        collection.link(comparison=Comparison(threshold=0.5))


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".ark", ".scp"])
def test_damaged_bytes(tmp_path: Path, suffix: str) -> None:
    if suffix in (".ark", ".scp"):
        pytest.importorskip("kaldiio")
    path = tmp_path / f"vectors{suffix}"
    if suffix == ".scp":
        write_vectors(path.with_suffix(".ark"), VECTORS)
        path.write_text(f"a/S1 {path.with_suffix('.ark')}:5\nb/S1 {path.with_suffix('.ark')}:27\n")
    else:
        write_vectors(path, VECTORS)
    for damaged in (path, path.with_suffix(".csv")) if suffix == ".npy" else (path,):
        content = damaged.read_bytes()
        words = [b"nan", b"/", b"'<f8'", b"'|O'", b"1" * 30, b"True", b"\xff" * 4, b"|", b":"]
        for mutated in mutations(content, 200, words=words):
            damaged.write_bytes(mutated)
            taken(path)
        damaged.write_bytes(content)


@pytest.mark.parametrize(
    "vectors",
    [
        [[1.0, 2.0]], [1.0, 2.0, 3.0], 1.0, [[1j, 2], [3, 4], [5, 6]], [["x", "y"]] * 3,
        [[np.nan, 1]] * 3, [[np.inf, 1]] * 3, [[0, 0]] * 3, [[1e300, 1]] * 3,
        np.empty((3, 0)), np.zeros((3, 2), "datetime64[s]"), np.zeros(3, [("x", "f4")]),
        np.empty((3, 2, 1)), np.array([[b"x"]] * 3),
    ],
)  # fmt: skip
def test_senseless_vectors(tmp_path: Path, vectors: object) -> None:
    keys = ["a/S1", "a/S2", "b/S1"]
    np.savez(tmp_path / "x.npz", keys=keys, vectors=np.asarray(vectors))
    with pytest.raises(CollectionError):
        import_diarizations(TURNS, read_vectors(tmp_path / "x.npz"))


def test_an_array_that_claims_more_than_the_file_holds(tmp_path: Path) -> None:
    claimed = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        claimed, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**6)}
    )
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("a.npy", claimed.getvalue())
    with pytest.raises(CollectionError, match="not a file of vectors that can be read"):
        read_vectors(tmp_path / "x.npz")
