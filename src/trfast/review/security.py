"""Who may ask, and what a page may do: the token, Host and Origin, and the headers."""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE = ("GET", "HEAD")


class Guard:
    """Passes on requests of whoever has the token, to this address and from its own pages alone.

    The token comes once in the address, and is a cookie from then on. A name that leads to this
    machine by another's DNS is not in Host; a form or script of another page has another Origin.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._cookie = f"trfast-review-{port}"  # cookies of all ports are in one jar
        names = ("127.0.0.1", "localhost")
        self._hosts = {f"{name}:{port}" for name in names} | set(names if port == 80 else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the application what must not get to it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there is no other kind of page

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        answer = self._answer(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        host = request.headers.get("host", "").lower()
        if host not in self._hosts:
            return PlainTextResponse("This is no address of this page.", 421)
        origin = request.headers.get("origin")
        if origin != f"http://{host}" and (origin or request.method not in _SAFE):
            return PlainTextResponse("This was asked by another page.", 403)
        given = request.query_params.get("token")
        if given is not None and request.method == "GET" and self._is_token(given):
            response = RedirectResponse(request.url.path, 303)
            response.set_cookie(self._cookie, given, httponly=True, samesite="strict")
            return response
        if not self._is_token(request.cookies.get(self._cookie, "")):
            return PlainTextResponse(
                "Open the address that `trfast review` has printed: it holds a token.", 403
            )
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(errors="replace"), self._token)
