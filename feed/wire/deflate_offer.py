"""The compression that a WebSocket client offers: `Sec-WebSocket-Extensions`, by the letter.

aiohttp answers the handshake, but reads offers with less care: it finds permessage-deflate within
other names, takes parameters twice, and fails at numbers of 5,000 digits. So it is shown the one
offer that can be met. Knows no connection.

Source: RFC 6455 §9.1 (the header's grammar), RFC 7692 §7.1 (the parameters).
"""

import re
from collections.abc import Iterable

CLIENT_FORGETS = "client_no_context_takeover"  # the client's messages are compressed singly
_NAME = "permessage-deflate"
# No group is possessive: before 3.11.5 CPython takes a part of one that did not match (gh-106052).
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"  # a token of RFC 9110
_QUOTED = r'[^"\\]*+(?:\\.[^"\\]*+)*'
_EXTENSION = re.compile(rf"[\s,]*+({_WORD})", re.ASCII)
_PARAMETER = re.compile(rf'\s*+;\s*+({_WORD})(?:\s*+=\s*+(?:({_WORD})|"({_QUOTED})"))?', re.ASCII)
_END = re.compile(r"\s*+(?:,|\Z)", re.ASCII)
# The values that each parameter of an offer may have.
_VALUES = {
    "server_no_context_takeover": re.compile(""),
    CLIENT_FORGETS: re.compile(""),
    "server_max_window_bits": re.compile("9|1[0-5]"),  # 8 is legal, and zlib cannot do it
    "client_max_window_bits": re.compile("([89]|1[0-5])?"),
}
_LARGEST_ANSWER_BITS = 14


def acceptable_offer(header: str) -> str | None:
    """Return the first offer of permessage-deflate that can be met; None where none can.

    Args:
        header: all lines of `Sec-WebSocket-Extensions`, joined by commas.

    Returns:
        The offer, written as most clients do. A window of 15 bits becomes one of 14: an answer may
        be smaller than the offer, but must be there (RFC 7692 §7.1.2.1), and aiohttp leaves it out
        at 15, which `websockets` takes for an error.
    """
    place = 0
    while place < len(header):
        extension = _EXTENSION.match(header, place)
        if extension is None:  # against the grammar, so the rest has no meaning either
            return None
        place, parameters = extension.end(), []
        while parameter := _PARAMETER.match(header, place):
            parameters.append((parameter[1], parameter[2] or parameter[3] or ""))
            place = parameter.end()
        end = _END.match(header, place)
        if end is None:
            return None
        if extension[1] == _NAME:
            acceptable = _acceptable(parameters)
            if acceptable is not None:
                return acceptable
        place = end.end()
    return None


def _acceptable(offered: Iterable[tuple[str, str]]) -> str | None:
    """Return an offer by its parameters; None: one of them cannot be met."""
    parameters: dict[str, str] = {}
    for name, value in offered:
        accepted = _VALUES.get(name)
        if accepted is None or name in parameters or not accepted.fullmatch(value):
            return None
        parameters[name] = value
    if "server_max_window_bits" in parameters:
        bits = min(int(parameters["server_max_window_bits"]), _LARGEST_ANSWER_BITS)
        parameters["server_max_window_bits"] = str(bits)
    written = (f"{name}={value}" if value else name for name, value in parameters.items())
    return "; ".join((_NAME, *written))
