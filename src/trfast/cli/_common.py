"""What verbs share: recordings and folders that are given, a cluster, failures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from trfast.collection import Failure


@contextmanager
def cluster(address: str | None, jobs: int | None) -> Iterator[Executor | None]:
    """Yield what runs on the cluster, if there is one."""
    if address is None:
        yield None
        return
    if jobs is not None:
        raise click.UsageError("--jobs is of this machine, --dask of a cluster: give one of them")
    from trfast.execution import DaskExecutor

    executor = DaskExecutor(address)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def find_recordings(paths: Sequence[Path | str]) -> tuple[list[Path | str], list[Failure]]:
    """Return the audio files, and what was given but cannot be looked at: that is told, but is no
    recording. An error if nothing is left."""
    from trfast.audio import find_audio, is_url
    from trfast.audio.decoders import check_there
    from trfast.audio.names import written
    from trfast.collection import Failure
    from trfast.errors import AudioError, ParameterError

    refused: dict[Path, AudioError] = {}
    there: list[Path | str] = []
    missing = []
    for given in dict.fromkeys(paths):
        if is_url(given):
            there.append(given)
            continue
        path = Path(given)
        try:
            check_there(path)
            there.append(path)
        except AudioError as error:
            refused[path] = error
            if str(path) == "-":
                refused[path] = AudioError("- is no file, and standard input is not read")
            elif not os.path.exists(path):
                missing.append(str(path))
    if missing and len(missing) == len(refused) and not there:
        raise ParameterError(f"{', '.join(missing)}: no such file or folder")
    files = find_audio(there, refused=refused.__setitem__)
    if not files:
        raise ParameterError("\n".join(map(str, refused.values())))
    told = [Failure.of(written(path.stem), str(path), error) for path, error in refused.items()]
    return files, told


def make_folder(path: Path) -> Path:
    """Make the output folder before any work starts."""
    from trfast.errors import ParameterError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ParameterError(f"{path} is a file, expected a folder: give another -o") from error
    except OSError as error:
        raise ParameterError(f"{path}: this folder cannot be made ({error.strerror})") from error
    return path


def collection_file(path: Path) -> Path:
    """Return the file of a collection, which may be given by its folder."""
    from trfast.errors import CollectionError

    file = path / "collection.sqlite" if path.is_dir() else path
    if not file.is_file():
        raise CollectionError(
            f"{file}: no such collection; give a folder made by 'trfast run' or 'trfast import'"
        )
    return file


def new_collection_file(path: Path) -> Path:
    """Return the file of a collection that need not be there; its folder is made."""
    if path.is_dir() or not (path.is_file() or path.suffix == ".sqlite"):
        return make_folder(path) / "collection.sqlite"
    make_folder(path.parent)
    return path


def failed(failures: Sequence[Failure]) -> list[dict[str, str | None]]:
    """Return what of failures is for programs."""
    return [{"recording": f.recording, "source": f.source, "error": f.error} for f in failures]


def exit_with(failures: Sequence[Failure], n_recordings: int) -> None:
    """List what failed, and exit with status 1 if anything did."""
    if not failures:
        return
    click.echo(f"trfast: {len(failures)} of {n_recordings} recordings failed:", err=True)
    failures = sorted(failures, key=lambda failure: failure.recording)
    for failure in failures:
        click.echo(f"  {failure.recording}: {failure.error}", err=True)
    details = next((failure.details for failure in failures if failure.details), "")
    if details:
        click.echo(f"The first error that trfast did not foresee:\n{details.rstrip()}", err=True)
    sys.exit(1)
