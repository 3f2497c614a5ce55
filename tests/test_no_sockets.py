"""No command speaks to a network, but `review`, --dask, and for recordings at URLs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes are other things there")

SHOWS = sorted((Path(__file__).parents[1] / "examples" / "audio").glob("*.opus"))

# Python runs it first, in workers too. Sockets of AF_UNIX are none of a network: by them
# multiprocessing speaks to its workers, and asyncio to itself.
_WATCH = """
import json, os, socket, sys

def note(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        family = arguments[1] if event == "socket.__new__" else None
        if family != getattr(socket, "AF_UNIX", object()):
            with open(os.environ["SOCKETS"], "a") as file:
                file.write(json.dumps([event, str(family), sys.argv]) + "\\n")

sys.addaudithook(note)
with open(os.environ["SOCKETS"] + ".processes", "a") as file:
    file.write("x")
"""


def sockets(folder: Path, *arguments: object, program: str = "trfast") -> tuple[list[Any], int]:
    """Run a command; return what it did with sockets, and how many processes it had."""
    (folder / "watch").mkdir(exist_ok=True)
    (folder / "watch" / "sitecustomize.py").write_text(_WATCH)
    log = folder / "sockets"
    log.write_text("")
    count = Path(f"{log}.processes")
    count.write_text("")
    path = os.pathsep.join([str(folder / "watch"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", program, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path, "SOCKETS": str(log)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in log.read_text().splitlines()], len(count.read_text())


def test_the_watch_sees_a_socket(tmp_path: Path) -> None:
    (tmp_path / "speaks.py").write_text(
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname())\n"
    )
    seen, _ = sockets(tmp_path, program="speaks")
    assert {"socket.__new__", "socket.bind", "socket.connect"} <= {event for event, *_ in seen}


def test_from_sound_to_page(tmp_path: Path) -> None:
    seen, n_processes = sockets(tmp_path, "run", *SHOWS[:2], "-o", "found", "--jobs", 2)
    assert seen == []
    assert n_processes >= 3  # the workers are watched too


_ALL = """
from trfast.cli import main

for command in {commands!r}:
    main(command.split(), standalone_mode=False)
"""


def test_all_else(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(SHOWS[0], tmp_path / "in" / "a.opus")
    commands = [
        "run in -o found --jobs 1 --format csv --quiet",
        "diarize in -o turns --jobs 1 --quiet",
        "link found",
        "speakers found list",
        "recordings found list",
        "export found -o vectors.npz",
        "export found -o links.csv --what links",
        "export found -o local.rttm --what turns",
        "import taken --rttm local.rttm --vectors vectors.npz",
        "page found -o page.html",
        "plot turns/a.rttm -o plot.svg",
        "convert turns/a.rttm -o a.TextGrid",
        "validate turns/a.rttm",
        "evaluate turns/a.rttm turns/a.rttm",
    ]
    (tmp_path / "all_else.py").write_text(_ALL.format(commands=commands))
    assert sockets(tmp_path, program="all_else")[0] == []
