"""The routes: SSE, WebSocket, streams, finite requests, pages, and refusals.

Here belong the handlers that aiohttp calls, and their answers. Not here: decisions on subscribers.
May import `feed.metrics` and below.
"""
