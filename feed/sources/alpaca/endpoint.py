"""What the path of an endpoint says: the class of its symbols, and the channels that it has.

Source: Alpaca's documentation of its streams: `/v2/{iex|sip|…}` shares, `/v1beta3/crypto/{us|…}`
pairs, `/v1beta1/{opra|indicative}` options, `/v1beta1/{boats|overnight}` shares at night.
"""

from dataclasses import dataclass

from feed.market.ticks import Channel
from feed.wire.codec_name import CodecName

_BASIC = (Channel.TRADES, Channel.QUOTES)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of endpoint.

    Attributes:
        asset_class: of its symbols; "": of any.
        channels: that it has, and that are asked for where nobody chose.
        codec: in which it is asked to speak where nobody chose.
    """

    asset_class: str = ""
    channels: tuple[Channel, ...] = (*_BASIC, Channel.STATUSES)
    codec: CodecName = "json"


_SHARES = Endpoint("us_equity")
_BY_PATH = {
    "/v2/": _SHARES,
    "/v1beta3/crypto/": Endpoint("crypto", _BASIC),
    "/v1beta1/opra": Endpoint("us_option", _BASIC, "msgpack"),  # speaks nothing else
    "/v1beta1/indicative": Endpoint("us_option", _BASIC, "msgpack"),
    "/v1beta1/": _SHARES,
}
_ANY = Endpoint()


def endpoint_of(path: str) -> Endpoint:
    """Return what a path says; of one that the dialect does not have, nothing."""
    return next((found for start, found in _BY_PATH.items() if path.startswith(start)), _ANY)
