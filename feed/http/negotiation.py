"""Choosing among our offers by the q-values that a client gives them (RFC 9110 §12.4.2)."""

import asyncio
import re
from collections.abc import Sequence

from feed.wire.codec import Codec

_Q_VALUE = re.compile(r"0(\.\d*)?|1(\.0*)?")  # RFC 9110 §12.4.2, with any number of digits


def choose(header: str | None, offers: Sequence[str]) -> str | None:
    """Return the offer that an `Accept` or `Accept-Encoding` header ranks highest.

    Args:
        header: its value; None, or an empty one, accepts the first offer.
        offers: best first; equal ranks go to the first.

    Returns:
        None where the header does not accept any of them.
    """
    if header is None or not header.strip():
        return offers[0]
    weights = dict(_weigh(part) for part in header.lower().split(","))
    ranked = [(_weight(offer, weights), -index, offer) for index, offer in enumerate(offers)]
    weight, _, best = max(ranked)
    return best if weight > 0 else None


async def loaded(codec: Codec) -> Codec:
    """Return a codec once it is loaded, which is done in a thread: others are served meanwhile."""
    if not codec.is_loaded:
        await asyncio.to_thread(codec.load)
    return codec


def _weigh(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, float(value) if _Q_VALUE.fullmatch(value.strip()) else 0.0
    return name, 1.0


def _weight(offer: str, weights: dict[str, float]) -> float:
    """Return the weight of the most specific range that an offer is in."""
    media_range = f"{offer.partition('/')[0]}/*"
    for name in (offer, media_range, "*/*", "*"):
        if name in weights:
            return weights[name]
    # identity is acceptable unless it is refused (RFC 9110 §12.5.3)
    return 0.001 if offer == "identity" else 0.0
