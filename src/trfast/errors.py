"""The errors that trfast raises.

Every message says what was found, what was expected, and what to try.
"""


class TrfastError(Exception):
    """Base of every error that trfast raises on purpose."""


class AudioError(TrfastError):
    """A recording that cannot be read, or whose samples make no sense."""


class AnnotationError(TrfastError):
    """A malformed annotation: RTTM, UEM, a turn that ends before it starts."""


class ModelError(TrfastError):
    """A model file that cannot be used, or a model that cannot be trained."""


class ParameterError(TrfastError, ValueError):
    """An argument outside what a function accepts."""


class ParameterTypeError(ParameterError, TypeError):
    """An argument of a type that a function does not take."""


class CollectionError(TrfastError):
    """A collection, on disk or as a folder, that cannot be used."""


class ExecutionError(TrfastError):
    """Worker processes that cannot start, or that die."""


class MissingExtraError(TrfastError, ImportError):
    """An optional library is not installed; the message names the extra to install."""
