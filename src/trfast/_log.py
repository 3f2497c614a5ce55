"""The one logger, ``trfast``: silent unless a program that uses the package sets logging up."""

from __future__ import annotations

import logging

log = logging.getLogger("trfast")
log.addHandler(logging.NullHandler())
