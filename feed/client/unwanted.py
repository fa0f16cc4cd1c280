"""Answers that are not what was asked for: as much of them as says what they are."""

from http import HTTPStatus

import aiohttp

from feed.client.errors import NotAFeed
from feed.client.failure_words import words_of
from feed.client.link import Lost

MAX_REFUSAL_BYTES = 64 * 1024


async def refusal_of(response: aiohttp.ClientResponse, accepted: str) -> bytes | None:
    """Return what an answer says that refuses a request, at most some 64 KiB.

    Args:
        response: its body is not read yet.
        accepted: the content type of what was asked for.

    Returns:
        None: it is what was asked for, and unread.

    Raises:
        Lost: it ended before.
        NotAFeed: it refuses nothing, and is something else.
    """
    if response.status == HTTPStatus.OK and response.content_type == accepted:
        return None
    url = str(response.url.with_query(None))
    body = bytearray()
    try:
        async for piece in response.content.iter_any():
            body += piece
            if response.status == HTTPStatus.OK or len(body) > MAX_REFUSAL_BYTES:
                break  # a page may never end
    except (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError) as error:
        raise Lost(words_of(error, url)) from error
    if response.status == HTTPStatus.OK:
        raise NotAFeed(url, response.content_type, accepted, body.decode(errors="replace"))
    return bytes(body)
