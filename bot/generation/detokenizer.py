"""Token ids to text, by way of each token's bytes.

So a character in several tokens comes whole, and a replacement character that the model itself
writes is a character like any other.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Detokenizer:
    """Turns the token ids of one reply into text, piece by piece."""

    def __init__(self, bytes_of: Sequence[bytes]) -> None:
        self._bytes_of = bytes_of
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, token: int) -> str:
        """The characters that are complete with ``token``."""
        known = self._bytes_of[token] if token < len(self._bytes_of) else b""
        return self._decoder.decode(known)

    def flush(self) -> str:
        """What is left of a character that was never completed."""
        return self._decoder.decode(b"", final=True)
