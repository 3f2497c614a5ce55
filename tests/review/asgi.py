"""A client that calls an application itself: no socket, no library, any header."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """Asks with these headers; keeps cookies, and follows no redirect."""

    def __init__(self, app: Any, headers: Mapping[str, str]) -> None:
        self._app = app
        self.headers = dict(headers)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        return self.ask("GET", path, headers=headers, **query)

    def post(
        self, path: str, asked: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        content = asked if isinstance(asked, bytes) else json.dumps(asked or {}).encode()
        return self.ask("POST", path, content, headers)

    def ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        split = urlsplit(path)
        given = {**self.headers, **(headers or {})}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": split.path,
            "raw_path": split.path.encode(),
            "query_string": (split.query or urlencode(query)).encode(),
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in given.items()],
        }
        answer = asyncio.run(self._call(scope, content))
        if cookie := answer.headers.get("set-cookie"):
            self.headers["cookie"] = cookie.split(";")[0]
        return answer

    async def _call(self, scope: dict[str, Any], content: bytes) -> Answer:
        sent: list[Any] = []
        asked = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def receive() -> Any:
            message = next(asked, None)
            if message is None:
                await asyncio.Event().wait()
            return message

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start, *parts = sent
        headers = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
        return Answer(start["status"], headers, b"".join(part["body"] for part in parts))
