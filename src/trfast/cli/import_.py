"""trfast import: turns and vectors of another system into a collection."""

from __future__ import annotations

from pathlib import Path

import click

from trfast.cli import _common, _options, _output


@click.command("import", short_help="Take turns and vectors of another system.")
@click.argument("collection", type=_options.PathType())
@click.option(
    "--rttm",
    required=True,
    multiple=True,
    type=_options.PathType(),
    metavar="FILE_OR_FOLDER",
    help="Who speaks when, with the local names of each recording; may be given again.",
)
@click.option(
    "--vectors",
    required=True,
    type=_options.PathType(),
    metavar="FILE",
    help="A vector for each speaker of each recording: .npz, .npy with a .csv beside it, or Kaldi's"
    " .scp or .ark.",
)
@click.option(
    "--uem",
    type=_options.PathType(),
    metavar="FILE",
    help="How long recordings last.  [default: to the end of the last turn]",
)
@click.option(
    "--name",
    metavar="NAME",
    help="What made the vectors: only those of one name are linked.  [default: their dimension]",
)
@click.option("--replace", is_flag=True, help="Take the place of recordings that are there.")
def import_(
    collection: Path,
    rttm: tuple[Path, ...],
    vectors: Path,
    uem: Path | None,
    name: str | None,
    replace: bool,
) -> None:
    """Take who speaks when, and a vector for each local speaker, from another system.

    COLLECTION is a folder or a .sqlite file, made if need be. The key of a vector is
    recording/speaker, as in the RTTM. Each speaker there needs a vector, each vector a speaker: or
    nothing is taken. `trfast link` links what was imported.
    """
    from trfast.cli._formats import read_annotations
    from trfast.collection import Collection, import_diarizations, read_vectors
    from trfast.errors import CollectionError
    from trfast.formats import read_uem

    found = import_diarizations(
        read_annotations(rttm).values(),
        read_vectors(vectors),
        uem=None if uem is None else read_uem(uem),
        name=name,
    )
    if not found:
        raise CollectionError(f"{', '.join(map(str, rttm))}: no turns, expected some")
    with Collection(_common.new_collection_file(collection)) as opened:
        opened.add_diarizations(found, replace=replace)
    n_speakers = sum(len(diarization.speakers) for diarization in found)
    made_by = found[0].model_hash
    _output.say(
        f"{len(found)} recordings, {n_speakers} local speakers: {made_by}",
        {"recordings": len(found), "local_speakers": n_speakers, "vectors": made_by},
    )
