"""Work over recordings on the workers of a dask.distributed cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, TypeVar

from trfast._extras import extra
from trfast.errors import ExecutionError, ParameterTypeError

if TYPE_CHECKING:
    from distributed import Client

Result = TypeVar("Result")


class DaskExecutor(Executor):
    """Runs functions on a cluster of `dask.distributed`.

    A worker that dies costs time: the scheduler gives what it was at, and results that nobody has
    fetched yet, to another one. It gives up what has seen several workers die
    (``distributed.scheduler.allowed-failures``, 3 and the first).

    Parameters
    ----------
    cluster : str or distributed.Client
        Address of the scheduler, such as ``"tcp://10.0.0.1:8786"``, or a client, which stays open.

    Raises
    ------
    ExecutionError
        If there is no scheduler at the address.
    MissingExtraError
        If `distributed` is not installed.

    Examples
    --------
    >>> with DaskExecutor("tcp://10.0.0.1:8786") as executor:  # doctest: +SKIP
    ...     collection.add_all(find_audio(["/shared/shows"]), executor=executor)
    """

    in_flight = 4_096
    """Most items handed out by `map_recordings` at a time: two for each of 2,000 cores."""

    def __init__(self, cluster: str | Client) -> None:
        distributed = extra("distributed", "dask", "a Dask cluster")
        if not isinstance(cluster, str | distributed.Client):
            raise ParameterTypeError(
                "cluster must be the address of a scheduler or a distributed.Client, got"
                f" {type(cluster).__name__}"
            )
        self._own = isinstance(cluster, str)
        self._client = _connected(cluster) if isinstance(cluster, str) else cluster
        self._executor = self._client.get_executor(pure=False)
        self.death = distributed.KilledWorker
        """What is raised by what has seen several workers die."""

    def submit(
        self, function: Callable[..., Result], /, *arguments: Any, **named: Any
    ) -> Future[Result]:
        """Call a function on a worker."""
        future: Future[Result] = self._executor.submit(function, *arguments, **named)
        return future

    def shared(self, value: Any) -> Any:
        """Return what stands for a value among the arguments of `submit`: it goes to each worker
        once. If all that have it die, it is sent again."""
        import cloudpickle
        import dask

        # A task, and not scattered data, which would be gone with its workers.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            return self._client.submit(cloudpickle.loads, cloudpickle.dumps(value), pure=False)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which goes on; what was handed out and is not done is given up."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        if self._own:
            self._client.close()


def _connected(address: str) -> Client:
    from distributed import Client

    try:
        return Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExecutionError(
            f"{address}: no Dask scheduler answers ({error}). Start one with 'dask scheduler', and"
            " give its address, such as tcp://10.0.0.1:8786"
        ) from error
