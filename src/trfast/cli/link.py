"""trfast link: the speakers of a collection, found anew."""

from __future__ import annotations

from pathlib import Path

import click

from trfast.cli import _common, _given, _options, _output, _voices


@click.command(short_help="Link the speakers of a collection anew.")
@click.argument("collection", type=_options.PathType())
@_given.linking_options
@_options.VOICE_MARGIN
@_options.THREADS
def link(collection: Path, given: _given.Linking, voice_margin: float | None) -> None:
    """Find which speakers of the recordings in a collection are the same person.

    COLLECTION is a folder that `trfast run` or `trfast import` has made, or its collection.sqlite;
    collection.rttm and collection.html are written beside it. Nothing is diarized. Imported vectors
    are compared by their cosine, and need --threshold, or by a --model that `trfast train
    --vectors` has made.
    """
    from trfast.cli.run import write_outputs
    from trfast.collection import Collection

    file = _common.collection_file(collection)
    with Collection(file) as opened:
        model, comparison = given.chosen(opened)
        linked = opened.link(model, comparison=comparison, voice_margin=voice_margin)
        write_outputs(opened, file.parent)
        n_recordings, speakers = len(opened.recordings()), opened.speakers()
        n_recurring = sum(speaker.n_recordings > 1 for speaker in speakers)
        voices = _voices.found(opened, linked)
    words = (
        f"{n_recordings} recordings, {len(speakers)} speakers;"
        f" {n_recurring} in more than one recording"
    )
    entries = {
        "recordings": n_recordings,
        "speakers": len(speakers),
        "recurring_speakers": n_recurring,
        "voices": voices,
    }
    _output.say("\n".join([words, *_voices.in_words(voices)]), entries)
