"""Text that can be written."""


def writable(text: str) -> str:
    """Text that can be written: what is no Unicode, as in a path, has its bytes in it."""
    return text.encode(errors="backslashreplace").decode()
