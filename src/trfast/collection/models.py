"""Which models made what is here, and what compares it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from trfast.collection.imports import IMPORTED
from trfast.collection.store import Store
from trfast.comparison import Comparison
from trfast.errors import CollectionError
from trfast.model import load_model

Made = Sequence[tuple[str, list[str]]]  # as Store.models returns it


class Compares(Protocol):
    """What link() needs of a model."""

    @property
    def vectors_hash(self) -> str: ...
    def across(self) -> Comparison: ...


@dataclass(frozen=True)
class _Given:
    """What stands for the model of imported vectors."""

    vectors_hash: str
    comparison: Comparison

    def across(self) -> Comparison:
        return self.comparison


def check_model(store: Store, given: Iterable[str], model_hash: str) -> None:
    """Check that what is here can be linked with the recordings that a model will diarize.

    Raises
    ------
    CollectionError
        If any other recording was made by another model.
    """
    given = set(given)
    others = sorted(
        (name, model)
        for model, names in store.models()
        for name in names
        if model != model_hash and name not in given
    )
    if others:
        name, made_by = others[0]
        raise CollectionError(
            f"{store.path} holds {len(others)} other recordings (such as {name}) made by"
            f" another model ({_shown(made_by)}, not {_shown(model_hash)}), and voices"
            " cannot be compared across models. Give another output folder, or run all recordings"
            " again with this model."
        )


def only_model(
    store: Store, made: Made, model: Compares | None, comparison: Comparison | None = None
) -> Compares:
    """Return the model that made all that is here; default: the default model, or, for imported
    vectors, which have none, the comparison that is given.

    Raises
    ------
    CollectionError
        If it did not make all, or there is nothing to compare imported vectors by.
    """
    if len(made) > 1:
        raise CollectionError(
            f"{store.path} holds recordings of {len(made)} models, and their vectors"
            " cannot be compared: "
            + "; ".join(
                f"{len(names)} of model {_shown(model)} (as {names[0]})" for model, names in made
            )
            + ". Diarize all with one model, or remove those of the others."
        )
    ((found, _),) = made
    if model is None and found.startswith(IMPORTED):
        if comparison is None:
            raise CollectionError(
                f"the vectors of {store.path} are {found}, and no model says from which similarity"
                " two are one person. Give it, a cosine: trfast link --threshold 0.5, in Python"
                " comparison=Comparison(threshold=0.5). Try several on recordings whose speakers"
                " you know, with trfast evaluate; or train a model on such: trfast train --vectors"
            )
        return _Given(found, comparison)
    if model is None:
        model = load_model()
    if model.vectors_hash != found:
        raise CollectionError(
            f"the recordings of {store.path} were made by model {_shown(found)}, not by"
            f" this one ({_shown(model.vectors_hash)}). Link with the model that made them, or a"
            " tuned or adapted copy."
        )
    return model


def _shown(model_hash: str) -> str:
    return model_hash if model_hash.startswith(IMPORTED) else model_hash[:12]
