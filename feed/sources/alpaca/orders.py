"""The messages that subscribe, and what a refusal means for those that asked.

Knows no socket. A subscription adds to those before, so that many symbols go in several messages:
the SDKs never send a frame of more than 32 KiB, and neither do we.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from feed.market.symbols import ALL
from feed.market.ticks import Channel
from feed.sources.upstream.endings import End, Ended
from feed.wire.error_codes import Consequence, ErrorCode, consequence_of

SYMBOLS_PER_MESSAGE = 500  # on six channels, of 8 characters each: 30 kB
# After a connection was cut its server may count it for a while, so that the next is one too many.
CONNECTION_LIMIT_RETRY_S = 5.0

# What a refusal says to whoever chose the options.
_ADVICE: dict[int, str] = {
    ErrorCode.NOT_AUTHENTICATED: "it wants a key: APCA_API_KEY_ID and APCA_API_SECRET_KEY",
    ErrorCode.AUTH_FAILED: "see that APCA_API_KEY_ID and APCA_API_SECRET_KEY are good there",
    ErrorCode.SYMBOL_LIMIT: "name fewer symbols",
    ErrorCode.CONNECTION_LIMIT: "another connection of this key is open",
    ErrorCode.SLOW_CLIENT: "more came than could be taken: name fewer symbols, or channels",
    ErrorCode.INSUFFICIENT_SUBSCRIPTION: "the account's plan has not what was asked for",
}
# Errors that the table of errors calls final for whoever typed something wrong, and that may just
# have been a slow line here; and of a subscription that is refused nothing is left to come.
_MAY_BE_BETTER = {ErrorCode.AUTH_TIMEOUT}


def subscriptions(
    channels: Sequence[Channel], symbols: Sequence[str], *, positions: bool, after: str | None
) -> Iterator[dict[str, Any]]:
    """Yield the messages that subscribe.

    Args:
        channels: of each symbol.
        symbols: at least one; `*` for all.
        positions: the server knows positions, and is asked to tell them: it takes all at once.
        after: the position to go on from.
    """
    most = len(symbols) if positions else SYMBOLS_PER_MESSAGE
    some = list(symbols) if ALL not in symbols else [ALL]
    for start in range(0, len(some), most):
        names = some[start : start + most]
        message: dict[str, Any] = {"action": "subscribe"}
        message |= {channel.value: names for channel in channels}
        if positions:
            message["marks"] = True
            if after is not None:
                message["after"] = after
        yield message


def refusal(url: str, code: int, words: str, *, opening: bool) -> Ended | None:
    """Return what an error of the server means; None: the connection goes on.

    Args:
        url: of the server.
        code: of the dialect, or any.
        words: the server's.
        opening: the subscription does not stand yet, and so is refused.
    """
    consequence = consequence_of(code)
    advice = _ADVICE.get(code, "")
    told = f"{url} refuses with {code}: {words}{advice and f'; {advice}'}"
    if consequence is Consequence.ENDS_FOR_NOW or code in _MAY_BE_BETTER:
        wait_s = CONNECTION_LIMIT_RETRY_S if code == ErrorCode.CONNECTION_LIMIT else 0.0
        return Ended(End.REFUSED, told, code=code, retry_after_s=wait_s)
    if consequence is Consequence.ENDS_FOR_GOOD:
        return Ended(End.REFUSED, told, code=code, for_good=True)
    if opening:  # what is asked for is refused, and would be again; of an unknown code who knows
        return Ended(End.REFUSED, told, code=code, for_good=consequence is not None)
    return None
