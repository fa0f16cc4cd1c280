"""The frames of a WebSocket client, looked at before they are read, one message at a time.

RFC 6455 forbids a client frames without a mask (§5.1), reserved bits on control frames (§5.2), and
close codes that are not to be sent (§7.4). Readers differ in what they let pass of these; whoever
reads behind this one meets a plain protocol error instead. A piece that is read ends with a
message, so that whoever reads can have a rest in between. Knows no connection, and keeps no more
than an unfinished header.
"""

from feed.wire.websocket_frame import Opcode

_MASK_BYTES = 4
_CLOSE_CODE_BYTES = 2
_LONGEST_HEAD_BYTES = 2 + 8 + _MASK_BYTES
_LARGEST_CONTROL_BYTES = 125
_EXTENDED_BYTES = {126: 2, 127: 8}
# Every reserved bit is set: a protocol error to whoever reads it, since RSV2 and RSV3 mean nothing.
REFUSED_FRAME = b"\xf0\x80"
MOST_FRAMES = 64  # fragments of a message in one piece: 0.2 ms


def may_be_sent(close_code: int) -> bool:
    """Tell whether a peer may send a close code (RFC 6455 §7.4, and IANA's registry)."""
    registered = 1000 <= close_code <= 1003 or 1007 <= close_code <= 1014  # noqa: PLR2004 - codes
    return registered or 3000 <= close_code <= 4999  # noqa: PLR2004 - codes


class ClientFrames:
    """The frames of one connection, in the pieces in which they come.

    Attributes:
        ended: what was admitted last ended with a message, a control frame, or an error.
        unfinished_bytes: data of a message that is not whole, as far as they were admitted.
    """

    __slots__ = (
        "_broken",
        "_ends",
        "_held",
        "_in_frame",
        "_is_control",
        "_payload_bytes",
        "ended",
        "unfinished_bytes",
    )

    def __init__(self) -> None:
        self.ended = False
        self.unfinished_bytes = 0
        self._broken = False
        self._held = b""  # an unfinished header
        # Of the current frame, while its data are not all there:
        self._in_frame = False
        self._payload_bytes = 0  # still to come
        self._ends = False  # a message, or a control frame
        self._is_control = False

    def admit(self, data: bytes, at: int = 0) -> tuple[bytes, int]:
        """Return what may be read now, and the place in the data where the rest begins.

        That is at most one message, or `MOST_FRAMES` fragments: whole headers and their data, or an
        error in their place. The first forbidden frame is replaced by `REFUSED_FRAME`, and nothing
        follows it.
        """
        self.ended = self._broken
        if self._broken:
            return b"", len(data)
        held = len(self._held)
        if held:
            data, self._held = self._held + data[at:], b""
            held -= at
            at = 0
        begin = at
        for _ in range(MOST_FRAMES):
            if not self._in_frame:
                head = data[at : at + _LONGEST_HEAD_BYTES]
                due = _head_bytes(head)
                if len(head) < due:
                    self._held = head
                    return data[begin:at], len(data) - held
                if _is_forbidden(head):
                    self._broken = self.ended = True
                    return data[begin:at] + REFUSED_FRAME, len(data) - held
                at += due - _code_bytes(head)
                self._begin(head)
            at += self._pass_data(len(data) - at)
            if self._in_frame or self.ended:
                break
        return data[begin:at], at - held

    def _begin(self, head: bytes) -> None:
        self._in_frame = True
        self._payload_bytes = _payload_bytes(head)
        self._is_control = head[0] & 0xF >= Opcode.CLOSE
        self._ends = self._is_control or bool(head[0] & 0x80)

    def _pass_data(self, there_bytes: int) -> int:
        """Return how many bytes are of the current frame, of those that are there."""
        passed_bytes = min(self._payload_bytes, there_bytes)
        self._payload_bytes -= passed_bytes
        if not self._is_control:
            self.unfinished_bytes += passed_bytes
        if not self._payload_bytes:
            self._in_frame = False
            self.ended = self._ends
            if self.ended and not self._is_control:
                self.unfinished_bytes = 0
        return passed_bytes


def _head_bytes(head: bytes) -> int:
    """Return how many bytes are needed to judge a frame: its header, and a close code."""
    if len(head) < 2:  # noqa: PLR2004 - the wire's own numbers, RFC 6455 §5.2
        return 2
    if not _is_masked(head):
        return 2
    return 2 + _EXTENDED_BYTES.get(head[1] & 0x7F, 0) + _MASK_BYTES + _code_bytes(head)


def _is_masked(head: bytes) -> bool:
    return bool(head[1] & 0x80)


def _code_bytes(head: bytes) -> int:
    """Return how many bytes of data are read with the header: those of a close code."""
    closes = head[0] & 0xF == Opcode.CLOSE
    fits = _CLOSE_CODE_BYTES <= head[1] & 0x7F <= _LARGEST_CONTROL_BYTES
    return _CLOSE_CODE_BYTES if closes and fits else 0


def _payload_bytes(head: bytes) -> int:
    length = head[1] & 0x7F
    extended = _EXTENDED_BYTES.get(length, 0)
    return int.from_bytes(head[2 : 2 + extended], "big") if extended else length


def _is_forbidden(head: bytes) -> bool:
    if not _is_masked(head):
        return True
    if head[0] & 0xF < Opcode.CLOSE:
        return False
    if head[0] & 0x70:
        return True
    if not _code_bytes(head):
        return False
    mask, masked = head[2 : 2 + _MASK_BYTES], head[2 + _MASK_BYTES : 4 + _MASK_BYTES]
    code = bytes(byte ^ key for byte, key in zip(masked, mask, strict=False))
    return not may_be_sent(int.from_bytes(code, "big"))
