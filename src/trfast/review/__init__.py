"""Review: a local page in the browser, on which somebody hears speakers and puts links right.

Its modules need the extra ``trfast[review]``, but for this one, which loads them when asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trfast.errors import MissingExtraError

if TYPE_CHECKING:
    from trfast.review.app import Review
    from trfast.review.server import serve

__all__ = ["Review", "serve"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'trfast.review' has no attribute {name!r}")
    try:
        import jinja2  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f'a review in the browser needs {error.name}: pip install "trfast[review]"'
        ) from error
    from trfast.review.app import Review
    from trfast.review.server import serve

    return {"Review": Review, "serve": serve}[name]
