"""Files of vectors, one a local speaker, under keys ``recording/speaker``."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_path
from trfast._extras import extra
from trfast._files import replacing, write_atomic
from trfast.errors import CollectionError, MissingExtraError, ParameterError
from trfast.formats._records import read_text

FloatArray = npt.NDArray[np.float32]

COLUMNS = ["recording", "speaker"]


def read_vectors(path: str | os.PathLike[str]) -> dict[str, npt.NDArray[Any]]:
    """Read the vectors of local speakers, by ``recording/speaker``.

    Parameters
    ----------
    path : path
        By its suffix:

        - ``.npz``: an array a local speaker, named by its key; or two arrays, ``keys`` and
          ``vectors``, a row each.
        - ``.npy``: an array of a row each, and beside it a CSV file of the same stem, whose header
          is ``recording,speaker``, with a line each.
        - ``.scp`` or ``.ark``: as Kaldi writes them, by kaldiio (``trfast[kaldi]``).

    Returns
    -------
    dict of str to ndarray
        In the order of the file.

    Raises
    ------
    CollectionError
        If the file cannot be read, is of another kind, or has a key twice.
    MissingExtraError
        If kaldiio is missing.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "vectors.npz")
    >>> np.savez(path, **{"monday/S1": [1.0, 0.0], "monday/S2": [0.0, 1.0]})
    >>> read_vectors(path)
    {'monday/S1': array([1., 0.]), 'monday/S2': array([0., 1.])}
    """
    file = Path(check_path(path, "path"))
    read = _READERS.get(file.suffix.lower())
    if read is None:
        raise CollectionError(
            f"{file}: vectors are read from {', '.join(_READERS)}. Write them as one of these"
        )
    try:
        return read(file)
    except (CollectionError, MissingExtraError):
        raise
    except OSError as error:
        raise CollectionError(f"{error.filename or file}: cannot be read ({error})") from error
    except Exception as error:  # of NumPy, zipfile and kaldiio, of many classes
        raise CollectionError(
            f"{file}: not a file of vectors that can be read ({error})"
        ) from error


def write_vectors(
    path: str | os.PathLike[str], vectors: Mapping[tuple[str, str], npt.ArrayLike]
) -> None:
    """Write the vectors of local speakers, float32, so that `read_vectors` reads them.

    Parameters
    ----------
    path : path
        ``.npz`` (arrays ``keys`` and ``vectors``), ``.npy`` (with a CSV file beside it) or
        ``.ark``.
    vectors : mapping of (str, str) to array_like (dimension,)
        By recording and local speaker.

    Raises
    ------
    ParameterError
        If the suffix is another one, or the vectors differ in length.
    MissingExtraError
        If kaldiio is missing.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "vectors.npz")
    >>> write_vectors(path, {("monday", "S1"): [1.0, 0.0]})
    >>> read_vectors(path)
    {'monday/S1': array([1., 0.], dtype=float32)}
    """
    file = Path(check_path(path, "path"))
    write = _WRITERS.get(file.suffix.lower())
    if write is None:
        raise ParameterError(
            f"{file}: vectors are written to {', '.join(_WRITERS)}. Give such a file"
        )
    listed: Any = list(vectors.values()) or np.empty((0, 0))
    write(file, list(vectors), check_matrix(listed, "vectors"))


def key_of(recording: str, speaker: str) -> str:
    """Return the key of a local speaker."""
    return f"{recording}/{speaker}"


def _read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    with open(path, "rb") as opened:
        if not zipfile.is_zipfile(opened):
            raise CollectionError(f"{path}: not a .npz file. Write it with numpy.savez")
        opened.seek(0)
        with np.load(opened, allow_pickle=False) as arrays:
            if set(arrays.files) != {"keys", "vectors"}:
                return {key: arrays[key] for key in arrays.files}
            keys, vectors = arrays["keys"], arrays["vectors"]
    if keys.ndim != 1 or keys.dtype.kind != "U":
        raise CollectionError(
            f"{path}: keys are of shape {keys.shape} and type {keys.dtype}, expected 1-D and"
            " strings: 'recording/speaker' of each row of vectors"
        )
    return _by_key(path, keys.tolist(), vectors)


def _read_npy(path: Path) -> dict[str, npt.NDArray[Any]]:
    names = path.with_suffix(".csv")
    if not names.exists():
        raise CollectionError(
            f"{names}: no such file; {path.name} needs it, with the header recording,speaker and a"
            " line for each row"
        )
    header, *lines = list(csv.reader(io.StringIO(read_text(names)))) or [[]]
    lines = [line for line in lines if line]
    if header != COLUMNS or any(len(line) != len(COLUMNS) for line in lines):
        raise CollectionError(
            f"{names}: the header is {','.join(header)!r}, expected recording,speaker, and two"
            " fields in each line"
        )
    keys = [key_of(*line) for line in lines]
    with open(path, "rb") as opened:
        return _by_key(path, keys, np.load(opened, allow_pickle=False))


def _read_kaldi(path: Path) -> dict[str, npt.NDArray[Any]]:
    kaldiio = extra("kaldiio", "kaldi", f"{path}: a {path.suffix} file")
    if path.suffix.lower() == ".ark":
        with open(path, "rb") as opened:
            pairs = list(kaldiio.load_ark(opened))
    else:
        if any(line.rstrip().endswith("|") for line in read_text(path).split("\n")):
            raise CollectionError(
                f"{path}: a line is a command, which is not run. Copy the vectors to a .ark file"
            )
        pairs = list(kaldiio.load_scp(os.fspath(path)).items())
    keys = [key for key, _ in pairs]
    return _by_key(path, keys, [vector for _, vector in pairs])


def _by_key(path: Path, keys: list[str], vectors: Any) -> dict[str, npt.NDArray[Any]]:
    if np.ndim(vectors) == 0 or len(keys) != len(vectors):
        raise CollectionError(
            f"{path}: {len(keys)} keys for vectors of shape {np.shape(vectors)}, expected one a row"
        )
    found = dict(zip(keys, vectors, strict=True))
    if len(found) < len(keys):
        ((twice, _),) = Counter(keys).most_common(1)
        raise CollectionError(f"{path}: {twice} is there more than once, expected once")
    return found


def _write_npz(path: Path, names: list[tuple[str, str]], vectors: FloatArray) -> None:
    content = io.BytesIO()
    keys = np.array([key_of(*name) for name in names], dtype=np.str_)
    np.savez(content, keys=keys, vectors=vectors)
    write_atomic(path, content.getvalue())


def _write_npy(path: Path, names: list[tuple[str, str]], vectors: FloatArray) -> None:
    lines, content = io.StringIO(), io.BytesIO()
    csv.writer(lines, lineterminator="\n").writerows([COLUMNS, *names])
    np.save(content, vectors)
    write_atomic(path.with_suffix(".csv"), lines.getvalue())
    write_atomic(path, content.getvalue())


def _write_ark(path: Path, names: list[tuple[str, str]], vectors: FloatArray) -> None:
    kaldiio = extra("kaldiio", "kaldi", f"{path}: a {path.suffix} file")
    with replacing(path) as temporary:
        kaldiio.save_ark(
            os.fspath(temporary),
            {key_of(*name): vector for name, vector in zip(names, vectors, strict=True)},
        )


_READERS: dict[str, Callable[[Path], dict[str, npt.NDArray[Any]]]] = {
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".scp": _read_kaldi,
    ".ark": _read_kaldi,
}
_WRITERS: dict[str, Callable[[Path, list[tuple[str, str]], FloatArray], None]] = {
    ".npz": _write_npz,
    ".npy": _write_npy,
    ".ark": _write_ark,
}
