"""The mending of text: characters that were cut in two on their way are joined again.

A server that counts bytes cuts UTF-8 between two tokens, and one that counts UTF-16 cuts a pair of
surrogates, which JSON then holds as two escapes. Whatever is no character becomes U+FFFD.
"""

import codecs
import re

REPLACEMENT = "\ufffd"
_BROKEN = re.compile("[\ud800-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]$")
# Those that `surrogateescape` does not take for bytes.
_LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class TextMender:
    """Mends one text that comes in pieces.

    Bytes that are not UTF-8 are expected as the handler `surrogateescape` decodes them: U+DC80 to
    U+DCFF.
    """

    __slots__ = ("_decoder", "_high")

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._high = ""  # the first half of a pair, whose second may come

    def mend(self, piece: str) -> str:
        """Return the next piece as it should have been; a half at its end waits for the next."""
        if not self._is_amid and not _BROKEN.search(piece):
            return piece
        text = (self._high + piece).encode("utf-16-le", "surrogatepass")
        joined = text.decode("utf-16-le", "surrogatepass")
        whole = _HIGH.sub("", joined)
        self._high = joined[len(whole) :]
        return self._decoder.decode(_LONE.sub(REPLACEMENT, whole).encode(errors="surrogateescape"))

    def end(self) -> str:
        """Return what stands for halves whose other half never came."""
        rest = self._decoder.decode(b"", final=True) + (REPLACEMENT if self._high else "")
        self._high = ""
        return rest

    @property
    def _is_amid(self) -> bool:
        return bool(self._high or self._decoder.getstate()[0])
