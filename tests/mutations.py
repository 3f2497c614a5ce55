"""Files as they are after an accident, or after malice: the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def mutations(
    content: bytes, n: int, *, seed: int = 0, words: Sequence[bytes] = (), head: int = 0
) -> Iterator[bytes]:
    """Yield `n` contents with a few bytes flipped, cut out, repeated, swapped with others, or with
    words put in; half of them in the first `head` bytes, if that is given."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        mutated = content
        for _ in range(int(rng.integers(1, 5))):
            mutated = _mutated(mutated, rng, words, head)
        if rng.random() < 0.1:
            mutated = mutated[: int(rng.integers(len(mutated) + 1))]
        yield mutated


def _mutated(content: bytes, rng: np.random.Generator, words: Sequence[bytes], head: int) -> bytes:
    size = head if head and rng.random() < 0.5 else len(content)
    start, n = int(rng.integers(size + 1)), int(rng.integers(1, 9))
    other = int(rng.integers(len(content) + 1))
    middles = [
        bytes(byte ^ int(rng.integers(1, 256)) for byte in content[start : start + n]),
        b"",
        2 * content[start : start + n],
        content[other : other + n],
        rng.bytes(n),
        *([words[int(rng.integers(len(words)))]] * 3 if words else ()),
    ]
    middle: bytes = middles[int(rng.integers(len(middles)))]
    return content[:start] + middle + content[start + n :]
