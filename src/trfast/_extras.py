"""Libraries that extras install."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from trfast.errors import MissingExtraError


def extra(module: str, name: str, what: str) -> Any:
    """Import what the extra `name` installs; `what` needs it.

    Raises
    ------
    MissingExtraError
        If it is missing.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(f'{what} needs {module}: pip install "trfast[{name}]"') from error
