"""The one logger, ``trfast``: silent unless a program that uses the package sets logging up."""

from __future__ import annotations

import logging

from trfast._text import writable


def _write_any_name(record: logging.LogRecord) -> bool:
    """Let a handler write names of files that are no Unicode."""
    record.msg, record.args = writable(record.getMessage()), ()
    return True


log = logging.getLogger("trfast")
log.addHandler(logging.NullHandler())
log.addFilter(_write_any_name)
