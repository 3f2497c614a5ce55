"""What somebody does on the pages: each act is a correction, said in words when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trfast.collection import Collection, Link
from trfast.errors import CollectionError, ParameterError

Asked = Mapping[str, Any]


def act(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    """Do what a page asks for; return what was ``said``, and the ``speaker`` to go to, if any.

    Raises
    ------
    ParameterError
        If the page asks for what there is not.
    TrfastError
        If it cannot be done.
    """
    kind = _text(asked, "act")
    if kind not in _ACTS:
        raise ParameterError(f"act must be one of {', '.join(_ACTS)}, got {kind!r}")
    return _ACTS[kind](collection, asked, who)


def _rename(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    speaker = _text(asked, "speaker")
    name = "_".join(_text(asked, "name").split())
    collection.corrections.rename(speaker, name, who=who)
    return {"said": f"{speaker} is called {name}", "speaker": name}


def _merge(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    speaker, other = _text(asked, "speaker"), _text(asked, "other")
    collection.corrections.merge(speaker, other, who=who)
    return {"said": f"{other} is {speaker}", "speaker": speaker}


def _split(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    speaker, recordings = _text(asked, "speaker"), asked.get("recordings")
    if not isinstance(recordings, list) or not all(isinstance(name, str) for name in recordings):
        raise ParameterError(f"recordings must be a list of names, got {recordings!r}")
    if not recordings:
        raise ParameterError("mark the recordings in which it is somebody else")
    new = collection.corrections.split(speaker, recordings, who=who)
    return {"said": f"{speaker} is {new} there", "speaker": speaker}


def _confirm(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    recording, local = _text(asked, "recording"), _text(asked, "local")
    collection.corrections.confirm(recording, local, who=who)
    return {"said": f"{local} of {recording} is right"}


def _reject(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    recording, local = _text(asked, "recording"), _text(asked, "local")
    new = collection.corrections.reject(recording, local, who=who)
    return {"said": f"{local} of {recording} is {new} until the next link"}


def _same(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    one, other = _two(collection, asked)
    if one.speaker == other.speaker:
        return _confirm(collection, {"recording": one.recording, "local": one.local}, who)
    speech = {speaker.name: speaker.speech for speaker in collection.speakers()}
    # A name that somebody gave stays, else that of who speaks most.
    kept, gone = sorted(
        (one.speaker, other.speaker),
        key=lambda name: (name.startswith("speaker-"), -speech.get(name, 0.0)),
    )
    return _merge(collection, {"speaker": kept, "other": gone}, who)


def _different(collection: Collection, asked: Asked, who: str | None) -> dict[str, str]:
    one, other = _two(collection, asked)
    if one.speaker == other.speaker:
        return _reject(collection, {"recording": one.recording, "local": one.local}, who)
    collection.corrections.distinguish(one.speaker, other.speaker, who=who)
    return {"said": f"{one.speaker} is not {other.speaker}"}


def _undo(collection: Collection, _asked: Asked, _who: str | None) -> dict[str, str]:
    undone = collection.corrections.undo()
    return {"said": f"undone: {undone.what}"}


_ACTS: dict[str, Callable[[Collection, Asked, str | None], dict[str, str]]] = {
    "rename": _rename,
    "merge": _merge,
    "split": _split,
    "confirm": _confirm,
    "reject": _reject,
    "same": _same,
    "different": _different,
    "undo": _undo,
}


def pair(asked: Asked) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the two local speakers that a page asks about."""
    found = asked.get("pair")
    try:
        (a, b), (c, d) = found  # type: ignore[misc]
    except (TypeError, ValueError):
        a = b = c = d = None
    if not all(isinstance(name, str) for name in (a, b, c, d)):
        raise ParameterError(f"pair must be two of recording and local speaker, got {found!r}")
    return (a, b), (c, d)


def _two(collection: Collection, asked: Asked) -> tuple[Link, Link]:
    """Who the two are taken for now: another tab, or a link, may have changed it."""
    one, other = (_link(collection, *local) for local in pair(asked))
    return one, other


def _link(collection: Collection, recording: str, local: str) -> Link:
    for link in collection.links(recording=recording):
        if link.local == local:
            return link
    raise CollectionError(f"{local} of {recording} is not there any more: load the page again")


def _text(asked: Asked, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise ParameterError(f"{name} must be a text, got {value!r}")
    return value
