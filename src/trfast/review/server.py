"""The server: on this machine alone, until Ctrl+C."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn

from trfast.errors import ParameterError
from trfast.review.app import Review

_HOST = "127.0.0.1"
_PATIENCE = 1  # seconds that requests have to end


def serve(
    review: Review,
    *,
    port: int = 0,
    open_browser: bool = True,
    started: Callable[[str], None] = print,
) -> None:
    """Serve the pages of a review to this machine, until Ctrl+C.

    Parameters
    ----------
    review : Review
    port : int
        0 takes a free one.
    open_browser : bool
        Whether to open the page in the browser of the user.
    started : callable
        Called with the address, which holds the token.

    Raises
    ------
    ParameterError
        If the port cannot be had.
    """
    with _listening(port) as listener:
        port = listener.getsockname()[1]
        token, once = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        address = f"http://{_HOST}:{port}/?token="
        config = uvicorn.Config(
            review.app(token=token, port=port, once=once),
            log_level="error",
            access_log=False,  # it would hold the token
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )

        def tell() -> None:
            started(address + token)
            if open_browser:
                webbrowser.open(address + once)

        with suppress(KeyboardInterrupt):  # the way to end it
            _Server(config, review, tell).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Tells when it has started, and Ctrl+C is heard; stops what decodes before it waits for it."""

    def __init__(self, config: uvicorn.Config, review: Review, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._review, self._tell = review, tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin."""
        await super().startup(sockets)
        self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        self._review.stop()
        await super().shutdown(sockets)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """Listen, so that a browser that is there first waits."""
    try:
        listener = socket.create_server((_HOST, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ParameterError(
            f"port {port} cannot be had ({reason}): give another, or none for a free one"
        ) from error
    with listener:
        yield listener
