"""The page of a collection: its recordings, speakers and failures, and what linked them."""

from __future__ import annotations

import os

from trfast.collection import Collection, LinkedBy
from trfast.report.page import write_report


def write_collection_report(
    collection: Collection, path: str | os.PathLike[str], *, embed_limit: float = 0.0
) -> dict[str, str]:
    """Write the HTML page of a collection, as `trfast run` does.

    Parameters
    ----------
    collection : Collection
        Linked.
    path, embed_limit
        As in `write_report`; sound comes from the files that were diarized.

    Returns
    -------
    dict of str to str
        With an `embed_limit`: the recordings whose sound is not inside the page, and why.

    Raises
    ------
    CollectionError
        If recordings came or went since the last `link`.
    ParameterError
        If `embed_limit` is negative.

    Examples
    --------
    >>> from trfast import Collection
    >>> with Collection("found/collection.sqlite") as collection:  # doctest: +SKIP
    ...     write_collection_report(collection, "page.html", embed_limit=50)
    """
    recordings = collection.recordings()
    models = sorted({recording.model_hash for recording in recordings})
    facts = {"Model": ", ".join(model[:12] for model in models)} if models else {}
    if collection.linked_by is not None:
        facts["Linked by"] = _words(collection.linked_by)
    return write_report(
        collection.annotations(),
        path,
        durations={recording.name: recording.duration for recording in recordings},
        sounds={
            recording.name: recording.source
            for recording in recordings
            if recording.source is not None
        },
        embed_limit=embed_limit,
        facts=facts,
        failures={failure.recording: failure.error for failure in collection.failures()},
    )


def _words(how: LinkedBy) -> str:
    unit = " deviations above strangers" if how.normalized else ""
    return f"{how.backend} {how.clustering}, threshold {how.threshold:.4g}{unit}"
