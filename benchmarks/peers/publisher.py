"""Feeds a peer that takes its payloads by HTTP POST: one connection, one request a payload.

Not measured, except for the request that the peer must read: one a frame, for any number of
subscribers.
"""

import asyncio
from contextlib import suppress

import aiohttp

from .sender import Options, Payloads, options, paced


async def publish(chosen: Options) -> None:
    """Post every payload, for ever; wrapped for a channel, where one is named."""
    payloads = Payloads(chosen.payloads)
    print("port 0", flush=True)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async for number in paced(chosen.hz):
            body = payloads.stamped(number)
            if chosen.channel:
                body = b'{"channel":"%b","data":%b}' % (chosen.channel.encode(), body)
            async with session.post(chosen.url, data=body) as response:
                if response.status >= 400:
                    raise SystemExit(f"{chosen.url}: {response.status} {await response.text()}")
                await response.read()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(publish(options()))
