"""The routes: SSE, WebSocket, streams, finite requests, pages, and what is refused.

Here belongs what aiohttp asks and is answered. Not here: who is due what. May import
`feed.metrics` and below.
"""
