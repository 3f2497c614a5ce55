"""The local speakers of a collection's file -> its speakers, and what is doubtful of that."""

from __future__ import annotations

import json
from concurrent.futures import Executor

import numpy as np
import numpy.typing as npt

from trfast._log import log
from trfast.collection import summary
from trfast.collection.kinds import parsed, senseless
from trfast.collection.local_speakers import LocalSpeakers, new_speakers, with_speakers
from trfast.collection.models import Compares, only_model
from trfast.collection.naming import name_new_speakers, name_speakers
from trfast.collection.records import DoubtfulLink, Linked, LinkedBy
from trfast.collection.store import Store
from trfast.collection.voices import known_voices
from trfast.comparison import Comparison
from trfast.errors import CollectionError
from trfast.linking import Identified, SpeakerMeans, Voices, doubts, link_centred, link_new
from trfast.linking.enrolment import identify_new
from trfast.linking.incremental import link_shifted, many_new
from trfast.model.compared import Compared

_LINK_TRIES = 5
# Local speakers of a collection from which on what is new is compared with a summary.
SUMMARIZED = 20_000


def link_store(
    store: Store,
    model: Compares | None,
    comparison: Comparison | None,
    *,
    min_anchor_speech: float,
    constrain: bool,
    voice_margin: float | None,
    new_only: bool,
    executor: Executor | None,
) -> Linked:
    """Link as `Collection.link`; whoever calls it links alone."""
    plain = constrain and min_anchor_speech == 0
    for _ in range(_LINK_TRIES):
        if new_only:
            near = _link_near(store, model, comparison, voice_margin, plain=plain)
            if near is not None:
                return near
        made = store.models()
        if not made:
            return Linked(new_only)
        model = only_model(store, made, model, comparison)
        local = store.local_speakers()
        if local.models != [model.vectors_hash]:  # others came after the first look
            continue
        how = comparison or model.across()
        because: tuple[str, ...] = ("all was asked for",)
        voices = known_voices(store, model.vectors_hash, voice_margin)
        told = told_of(model, how, voices)
        if new_only:
            n_new = int((local.before == 0).sum())
            because = _reasons(local, how, told, nobody=n_new == len(local.ids), plain=plain)
            if not because:
                before, identified = _before(local, how, voices)
                found = link_new(local.vectors, local.recordings, before, how)
                because = found.doubts
                if (
                    not because
                    and name_new_speakers(store.db, local, found.speakers, identified) is not None
                ):
                    log.info("%s: linked what is new by %s", store.path, how)
                    return Linked(True, (), _rate(identified))
        links = link_centred(
            local.vectors,
            local.recordings,
            how,
            speech_durations=local.speech,
            min_anchor_speech=min_anchor_speech,
            constrain=constrain,
            known=local.known,
            voices=voices,
            executor=executor,
        )
        if name_speakers(store.db, local, links, told):
            log.info("%s: linked all by %s: %s", store.path, how, "; ".join(because))
            return Linked(False, because, _rate(links.identified))
        log.info("%s: recordings came or went meanwhile: linked again", store.path)
    raise CollectionError(
        f"recordings of {store.path} came or went each of {_LINK_TRIES} times that it was"
        " linked, so nothing was kept: link when whatever writes to it is done"
    )


def _rate(identified: Identified | None) -> float | None:
    return None if identified is None else identified.false_acceptance


def _link_near(
    store: Store,
    model: Compares | None,
    comparison: Comparison | None,
    voice_margin: float | None,
    *,
    plain: bool,
) -> Linked | None:
    """Link what is new in a large collection, reading those alone to whom it is near; return None
    if that cannot be."""
    came = new_speakers(store.db)
    if came is None or came[1] < SUMMARIZED:
        return None
    new, n_all = came
    made = [(name, new.recordings[:1]) for name in new.models]
    model = only_model(store, made, model, comparison)
    how = comparison or model.across()
    voices = known_voices(store, model.vectors_hash, voice_margin)
    told = told_of(model, how, voices)
    if many_new(len(new.ids), n_all) or _reasons(new, how, told, nobody=False, plain=plain):
        return None
    means = summary.read(store) or _summarize(store, how)
    if means is None:
        return None
    local = with_speakers(store.db, new, means.near(new.vectors, how))
    before, identified = _before(local, how, voices, means.shift)
    found = link_shifted(local.vectors, local.recordings, before, how, means.shift, n_all=n_all)
    ids = None if found.doubts else name_new_speakers(store.db, local, found.speakers, identified)
    if ids is None:
        return None
    changed = np.isin(ids, ids[local.before == 0])
    means, places = means.changed(local.vectors[changed], ids[changed], how)
    summary.update(store, means, places, local.generation)
    log.info("%s: linked what is new by %s, by a summary", store.path, how)
    return Linked(True, (), _rate(identified))


def _summarize(store: Store, comparison: Comparison) -> SpeakerMeans | None:
    local = store.local_speakers()
    old = local.before > 0
    means = SpeakerMeans.of(local.vectors[old], local.before[old], comparison)
    if not means.is_exact:
        return None
    summary.write(store, means, local.generation - int((~old).sum()))
    return means


def told_of(model: Compares, comparison: Comparison, voices: Voices | None) -> str:
    """Tell what links from what else might; a back-end by its whole model, for what it has learned
    has no other name."""
    by = [] if voices is None else [voices.margin, voices.fingerprint]
    own = comparison.backend.fingerprint
    return json.dumps([model.vectors_hash, *comparison.settings, comparison.normalized, by, *own])


def _before(
    local: LocalSpeakers,
    comparison: Comparison,
    voices: Voices | None,
    shift: npt.NDArray[np.float32] | None = None,
) -> tuple[npt.NDArray[np.int64], Identified | None]:
    """Speaker of each local speaker, -1 for new ones but those who are known by voice."""
    before = np.where(local.before > 0, local.before, -1)
    if voices is None:
        return before, None
    found = identify_new(local.vectors, local.recordings, before, voices, comparison, shift)
    return np.where(before < 0, found.speakers, before), found


def _reasons(
    local: LocalSpeakers,
    comparison: Comparison,
    told: str,
    *,
    nobody: bool,
    plain: bool,
) -> tuple[str, ...]:
    """Say why what is new cannot be linked alone; `nobody`: nobody else is there, `plain`: no
    option asks for more."""
    new = local.before == 0
    reasons = {
        "nobody was linked before": nobody,
        "the others were linked in another way": not nobody and local.how != told,
        f"the clustering is {comparison.clustering}": comparison.clustering != "average",
        "min_anchor_speech or constrain=False": not plain,
        "a correction says who is new": bool(local.known.anchors[new].any()),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def linked_by(store: Store) -> LinkedBy | None:
    """Return what linked last."""
    how = store.linked_by()
    if how is None:
        return None
    told = parsed(store.path, how, list, "how")[:5]
    kinds = (str, str, str, int | float, bool)
    if list(map(isinstance, told, kinds)) != 5 * [True]:
        raise senseless(store.path, f"how is {how!r:.80}, expected what linked last")
    return LinkedBy(*told)


def comparison_of_last_link(store: Store, model: Compares) -> Comparison:
    """Return what linked, if the model did; else what it would link by."""
    how = linked_by(store)
    if how is not None and isinstance(model, Compared) and how.model_hash == model.vectors_hash:
        if how.backend not in model.backends:
            raise CollectionError(
                f"{store.path} was linked by {how.backend!r}, which the model does not have: give"
                " the comparison that linked it"
            )
        return model.across(how.backend, how.clustering, how.threshold)
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
