"""The command line: one module a verb, loaded when it is called."""

from __future__ import annotations

import errno
import io
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from trfast import _stderr
from trfast._resources import is_full, is_short_of_memory, out_of_memory
from trfast.cli import _output
from trfast.errors import TrfastError

# The help stands here so that `trfast --help` loads none of them.
_VERBS = {
    "diarize": "Find who speaks when: a file a recording.",
    "run": "Diarize, and find the same speakers across recordings.",
    "info": "Say what a recording, a model or a collection is.",
    "link": "Link the speakers of a collection anew.",
    "import": "Take turns and vectors of another system.",
    "export": "Write vectors, links or turns of a collection.",
    "page": "Write the HTML page of a collection.",
    "plot": "Draw who speaks when: SVG, PNG or PDF.",
    "speakers": "List, name, join and part the speakers of a collection.",
    "review": "Hear speakers and put links right, in the browser.",
    "recordings": "List, remove and rename the recordings of a collection.",
    "convert": "Write turns in another format.",
    "validate": "Check files of turns: every bad line is named.",
    "evaluate": "Measure the error against a reference.",
    "verify": "Measure how well the back-ends of a model tell speakers apart.",
    "corpus": "Count recordings, speech and speakers of collections.",
    "train": "Make a model from labelled recordings.",
    "tune": "Set the thresholds of a model on a labelled collection.",
    "adapt": "Adapt a model to a collection, without labels.",
}


class _Terminated(KeyboardInterrupt):
    """SIGTERM: what ends a command by Ctrl+C, and clears up, ends it then too."""


@contextmanager
def _until_terminated() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            near = get_close_matches(name, _VERBS, n=1)
            ctx.fail(f"No such command {name!r}." + "".join(f" Is {n!r} meant?" for n in near))
        own = name + "_" * iskeyword(name)
        command: click.Command = getattr(import_module(f"trfast.cli.{own}"), own)
        return _output.with_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        _stderr.take()
        for stream in (sys.stdout, sys.stderr):  # not every terminal can show every name
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            with _until_terminated():
                return super().invoke(ctx)
        except TrfastError as error:
            message, status = f"error: {error}", 1
        except KeyboardInterrupt as stop:
            message = "stopped; what was finished is kept"
            status = 143 if isinstance(stop, _Terminated) else 130
        except (ImportError, MemoryError) as error:
            if not is_short_of_memory(error):
                raise
            message, status = f"error: {out_of_memory(error)}", 1
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of a pipe has gone; click knows what to do
                raise
            unnamed = "standard output" if is_full(error) else None
            parts = (error.filename or unnamed, error.strerror or error)
            message, status = f"error: {': '.join(str(part) for part in parts if part)}", 1
        click.echo(f"trfast: {message}", err=True)
        raise click.exceptions.Exit(status)


@click.command(
    cls=_Verbs,
    params=[_output.json_option(), _output.quiet_option()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="trfast", message="%(prog)s %(version)s")
def main() -> None:
    """Who speaks when, and who is the same person across recordings."""
