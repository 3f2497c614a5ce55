"""The local speakers of a collection's file -> its speakers, and what is doubtful of that."""

from __future__ import annotations

import json
from concurrent.futures import Executor

import numpy as np

from trfast.collection.models import Compares, only_model
from trfast.collection.records import DoubtfulLink, Linked
from trfast.collection.store import LocalSpeakers, Store
from trfast.comparison import Comparison
from trfast.errors import CollectionError
from trfast.linking import doubts, link_centred, link_new
from trfast.model.compared import Compared

_LINK_TRIES = 5


def link_store(
    store: Store,
    model: Compares | None,
    comparison: Comparison | None,
    *,
    min_anchor_speech: float,
    constrain: bool,
    new_only: bool,
    executor: Executor | None,
) -> Linked:
    """Link as `Collection.link`; whoever calls it links alone."""
    for _ in range(_LINK_TRIES):
        made = store.models()
        if not made:
            return Linked(new_only)
        model = only_model(store, made, model, comparison)
        local = store.local_speakers()
        if local.models != [model.vectors_hash]:  # others came after the first look
            continue
        how = comparison or model.across()
        because: tuple[str, ...] = ("all was asked for",)
        # A back-end is told by its whole model: what it has learned has no other name.
        told = json.dumps([model.vectors_hash, *how.settings, how.normalized])
        if new_only:
            because = _reasons(local, how, told, min_anchor_speech, constrain=constrain)
            if not because:
                before = np.where(local.before > 0, local.before, -1)
                found = link_new(local.vectors, local.recordings, before, how)
                because = found.doubts
                if not because and store.name_new_speakers(local, found.speakers):
                    return Linked(True)
        links = link_centred(
            local.vectors,
            local.recordings,
            how,
            speech_durations=local.speech,
            min_anchor_speech=min_anchor_speech,
            constrain=constrain,
            known=local.known,
            executor=executor,
        )
        if store.name_speakers(local, links, told):
            return Linked(False, because)
    raise CollectionError(
        f"recordings of {store.path} came or went each of {_LINK_TRIES} times that it was"
        " linked, so nothing was kept: link() when whatever writes to it is done"
    )


def _reasons(
    local: LocalSpeakers,
    comparison: Comparison,
    told: str,
    min_anchor_speech: float,
    *,
    constrain: bool,
) -> tuple[str, ...]:
    """Say why what is new cannot be linked alone."""
    new = local.before == 0
    reasons = {
        "nobody was linked before": bool(new.all()),
        "the others were linked in another way": not new.all() and local.how != told,
        f"the clustering is {comparison.clustering}": comparison.clustering != "average",
        "min_anchor_speech or constrain=False": min_anchor_speech > 0 or not constrain,
        "a correction says who is new": bool(local.known.anchors[new].any()),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def comparison_of_last_link(store: Store, model: Compares) -> Comparison:
    """Return what linked, if the model did; else what it would link by."""
    how = store.linked_by()
    if how is not None and isinstance(model, Compared):
        made_by, *settings, _normalized = json.loads(how)
        if made_by == model.vectors_hash:
            return model.across(*settings)
    return model.across()


def doubts_of(store: Store, comparison: Comparison, most: int) -> list[DoubtfulLink]:
    """Return what `Collection.doubts` does."""
    local, names, speakers = store.linked_speakers()
    settled = local.known.anchors
    labels = np.unique(speakers, return_inverse=True)[1]
    found = doubts(
        local.vectors,
        local.recordings,
        labels,
        local.speech,
        comparison,
        most=most + int(settled.sum()),
    )
    return [
        DoubtfulLink(
            doubt.linked,
            (local.recordings[doubt.row], names[doubt.row]),
            (local.recordings[doubt.other], names[doubt.other]),
            (speakers[doubt.row], speakers[doubt.other]),
            doubt.score,
            doubt.speech,
        )
        for doubt in found
        if not (settled[doubt.row] and (doubt.linked or settled[doubt.other]))
    ][:most]
