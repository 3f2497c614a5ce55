"""What is added to a collection: diarized as planned, or made elsewhere and looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from itertools import chain

from trfast._checks import check_type
from trfast._log import log
from trfast.collection.intake import checked_result, checked_vectors
from trfast.collection.models import check_model
from trfast.collection.plan import Plan
from trfast.collection.records import Failure, Origin
from trfast.collection.store import Store
from trfast.diarization import Diarization, Job
from trfast.errors import CollectionError, TrfastError
from trfast.execution import DiarizesOne, Outcome, Progress, diarize_all
from trfast.execution.progress import Tally


def keep_planned(
    store: Store,
    plan: Plan,
    diarizer: DiarizesOne,
    *,
    executor: Executor | None,
    jobs: int | None,
    progress: Callable[[Progress], None] | None,
) -> list[Failure]:
    """Diarize what is planned, keep each as it finishes, and return what failed, by name."""
    tally = None if progress is None else Tally(plan.jobs, progress)
    moved = None if tally is None else tally.moved
    failures = []
    todo = [entry.job for entry in plan.todo.values()]
    for outcome in chain(
        plan.refused, diarize_all(diarizer, todo, executor=executor, jobs=jobs, moved=moved)
    ):
        outcome, entry = _checked(outcome), plan.todo.get(outcome.item.name)
        if entry is not None and outcome.result is not None:
            store.keep(outcome.result, entry.origin, entry.made_by, replace=True)
            log.info("kept %r, diarized in %.1f s", outcome.result, outcome.seconds)
        elif outcome.error is not None:
            log.warning("recording %s failed: %s", outcome.item.name, outcome.error)
            origin = Origin.of(outcome.item.source) if entry is None else entry.origin
            failures.append(store.fail(outcome.item.name, outcome.error, origin))
        if tally is not None:
            tally.finished(outcome)
    return sorted(failures, key=lambda failure: failure.recording)


def _checked(outcome: Outcome[Job, Diarization]) -> Outcome[Job, Diarization]:
    """Make a result that cannot be kept, by a diarizer of somebody's own, a failure."""
    if outcome.result is not None:
        try:
            checked_result(outcome.item, outcome.result)
        except TrfastError as error:
            return Outcome(outcome.item, None, error, outcome.seconds)
    return outcome


def keep_diarizations(store: Store, given: Sequence[Diarization], *, replace: bool) -> None:
    """Keep all, or raise an error before the first is kept, as `Collection.add_diarizations`."""
    for diarization in given:
        checked_vectors(check_type(diarization, Diarization, "diarization"))
    names = Counter(diarization.recording for diarization in given)
    if twice := [name for name, n in names.items() if n > 1]:
        raise CollectionError(
            f"{len(twice)} recordings, such as {min(twice)}, are given more than once, expected"
            " each once"
        )
    if not replace and (known := [name for name in names if store.holds(name)]):
        raise CollectionError(
            f"{store.path} has {len(known)} of these recordings already, such as"
            f" {min(known)}: leave them out, or let them be replaced (--replace, in Python"
            " replace=True)"
        )
    models = sorted({diarization.model_hash for diarization in given})
    if len(models) > 1:
        raise CollectionError(
            f"the diarizations are of {len(models)} models ({', '.join(models)}), whose vectors"
            " cannot be compared: one collection for each"
        )
    for model in models:
        check_model(store, names, model)
    for diarization in given:
        store.keep(diarization, Origin(), None, replace=replace)
