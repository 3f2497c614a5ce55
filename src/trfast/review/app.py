"""The application: addresses, and what answers them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp

from trfast.collection import Collection, Compares, Recording
from trfast.comparison import Comparison
from trfast.errors import MissingExtraError, ParameterError, TrfastError
from trfast.review import acts, pages
from trfast.review.relink import Relink
from trfast.review.security import Guard
from trfast.review.sound import PIECE, Sounds, byte_range, has_sound

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_LARGEST = 1 << 20  # bytes that a page may send
_MOST_DOUBTS = 20


class Review:
    """A review of one collection.

    Parameters
    ----------
    path : path
        The file of the collection; it is opened anew for each request.
    model, comparison
        What links, as for `Collection.link`; a comparison by default of the last link.
    by : str, optional
        Who is said to correct; default: the user.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: Compares | None = None,
        comparison: Comparison | None = None,
        by: str | None = None,
    ) -> None:
        self._path = Path(path)
        self._model, self._comparison, self._by = model, comparison, by
        self._sounds = Sounds()
        self._relink = Relink(self._link)
        self._skipped: set[tuple[tuple[str, str], tuple[str, str]]] = set()
        self._html = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._html.filters["clock"] = pages.clock
        self._html.globals["address"] = _address
        with Collection(self._path):  # a file of an earlier version becomes one of this
            pass

    def app(self, *, token: str, port: int) -> ASGIApp:
        """Return the application, which lets in who has the token."""
        routes = [
            Route("/", self._speakers),
            Route("/speaker", self._speaker),
            Route("/recordings", self._recordings),
            Route("/recording", self._recording),
            Route("/doubts", self._doubts),
            Route("/log", self._log),
            Route("/sample", self._sample),
            Route("/sound", self._sound),
            Route("/names", self._names),
            Route("/static/{name}", self._static),
            Route("/act", self._act, methods=["POST"]),
            Route("/link", self._link_state),
            Route("/link", self._link_start, methods=["POST"]),
        ]
        handlers: Any = {TrfastError: self._cannot, HTTPException: self._no_page}
        return Guard(Starlette(routes=routes, exception_handlers=handlers), token=token, port=port)

    def stop(self) -> None:
        """End what decodes sound."""
        self._sounds.stop()

    def _opened(self) -> Collection:
        return Collection(self._path, read_only=True, as_last_linked=True)

    def _page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        try:
            with self._opened() as collection:
                is_linked = collection.is_linked
        except TrfastError:
            is_linked = True
        text = self._html.get_template(template).render(
            is_linked=is_linked, collection=self._path.absolute().parent.name, **values
        )
        return HTMLResponse(text, status)

    def _speakers(self, request: Request) -> Response:
        wanted, most = request.query_params.get("q", ""), _most(request)
        with self._opened() as collection:
            found = pages.listed(collection, wanted, most)
        return self._page("speakers.html", found=found, wanted=wanted, more=most + pages.MOST)

    def _speaker(self, request: Request) -> Response:
        name, most = _name(request), _most(request)
        with self._opened() as collection:
            strips, n_all = pages.strips_of_speaker(collection, name, most)
        return self._page(
            "speaker.html", name=name, strips=strips, n_all=n_all, more=most + pages.MOST
        )

    def _recordings(self, request: Request) -> Response:
        wanted, most = request.query_params.get("q", ""), _most(request)
        with self._opened() as collection:
            everything, failures = collection.recordings(), collection.failures()
        sought = wanted.casefold()
        found = [recording for recording in everything if sought in recording.name.casefold()]
        return self._page(
            "recordings.html",
            recordings=found[:most],
            n_found=len(found),
            n_all=len(everything),
            failures=failures,
            wanted=wanted,
            more=most + pages.MOST,
        )

    def _recording(self, request: Request) -> Response:
        with self._opened() as collection:
            recording = collection.recording(_name(request))
            strips = pages.strips_of_recording(collection, recording)
        turns = sorted(
            ((turn, lane) for lane, strip in enumerate(strips) for turn in strip.turns),
            key=lambda turn: (turn[0].start, turn[0].end),
        )
        return self._page(
            "recording.html",
            recording=recording,
            strips=strips,
            turns=turns,
            sound=has_sound(recording),
        )

    def _doubts(self, _: Request) -> Response:
        with self._opened() as collection:
            found = collection.doubts(
                self._model,
                comparison=self._comparison,
                most=_MOST_DOUBTS + len(self._skipped),
            )
            asked = [d for d in found if (d.local, d.other) not in self._skipped][:_MOST_DOUBTS]
            doubts = pages.with_sides(collection, asked)
            how = self._comparison or (collection.last_comparison(self._model) if doubts else None)
        return self._page(
            "doubts.html",
            doubts=doubts,
            threshold=None if how is None else how.threshold,
            n_skipped=len(self._skipped),
        )

    def _log(self, _: Request) -> Response:
        with self._opened() as collection:
            corrections = collection.corrections.log()
        return self._page("log.html", corrections=corrections[::-1])

    def _sample(self, request: Request) -> Response:
        with self._opened() as collection:
            recording, turn = pages.sample(collection, _name(request))
        return JSONResponse({"recording": recording, "start": turn.start, "end": turn.end})

    def _names(self, request: Request) -> Response:
        with self._opened() as collection:
            found = pages.listed(collection, request.query_params.get("q", ""), 20)
        return JSONResponse([speaker.name for speaker in found.speakers])

    def _sound(self, request: Request) -> Response:
        with self._opened() as collection:
            recording: Recording = collection.recording(_name(request))
        sound = self._sounds.of(recording)
        headers = {"Accept-Ranges": "bytes"}
        try:
            asked = byte_range(request.headers.get("range"), sound.size)
        except ValueError:
            return Response(None, 416, {**headers, "Content-Range": f"bytes */{sound.size}"})
        if asked is not None:
            start, stop = asked
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{sound.size}"
            return Response(sound.read(start, stop), 206, headers, "audio/wav")
        headers["Content-Length"] = str(sound.size)
        if request.method == "HEAD":
            return Response(None, 200, headers, "audio/wav")
        sound.read(0, 1)  # errors come before the answer
        pieces = (sound.read(at, at + PIECE) for at in range(0, sound.size, PIECE))
        return StreamingResponse(pieces, 200, headers, "audio/wav")

    def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in os.listdir(_HERE / "static"):
            raise HTTPException(404)
        content = (_HERE / "static" / name).read_bytes()
        return Response(content, media_type=_TYPES[Path(name).suffix])

    async def _act(self, request: Request) -> Response:
        asked = await _json(request)
        return JSONResponse(await run_in_threadpool(self._do, asked))

    def _do(self, asked: dict[str, Any]) -> dict[str, str]:
        if asked.get("act") == "skip":
            self._skipped.add(acts.pair(asked))
            return {"said": "skipped"}
        if asked.get("act") == "unskip":
            self._skipped.clear()
            return {"said": "what was skipped is asked again"}
        with Collection(self._path, as_last_linked=True) as collection:
            return acts.act(collection, asked, self._by)

    def _link_state(self, _: Request) -> Response:
        return JSONResponse(asdict(self._relink.state))

    def _link_start(self, _: Request) -> Response:
        return JSONResponse(asdict(self._relink.start()))

    def _link(self) -> str:
        with Collection(self._path) as collection:
            how = self._comparison
            if how is None and collection.recordings():
                how = collection.last_comparison(self._model)
            collection.link(self._model, comparison=how)
            speakers = collection.speakers()
        n_recurring = sum(speaker.n_recordings > 1 for speaker in speakers)
        return f"linked: {len(speakers)} speakers, {n_recurring} in more than one recording"

    def _cannot(self, request: Request, error: Exception) -> Response:
        if isinstance(error, ParameterError):
            status = 400
        elif request.method != "POST" and not isinstance(error, MissingExtraError):
            status = 404
        else:
            status = 409
        if request.method == "POST":
            return JSONResponse({"error": str(error)}, status)
        if request.url.path in ("/sound", "/sample"):
            return PlainTextResponse(str(error), status)
        return self._page("error.html", status, message=str(error))

    def _no_page(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.method == "POST":
            return JSONResponse({"error": f"this cannot be asked ({status})"}, status)
        return self._page("error.html", status, message=f"There is no such page ({status}).")


def _address(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def _name(request: Request) -> str:
    return request.query_params.get("name", "")


def _most(request: Request) -> int:
    given = request.query_params.get("most", "")
    return max(int(given), 1) if given.isdecimal() and len(given) < 9 else pages.MOST


async def _json(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            raise HTTPException(413)
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ParameterError(f"a page sends JSON, found something else: {error}") from error
    if not isinstance(found, dict):
        raise ParameterError(f"a page sends an object, found {type(found).__name__}")
    return found
