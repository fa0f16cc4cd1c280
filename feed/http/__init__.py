"""The routes: SSE, WebSocket, streams, finite requests, pages, and refusals.

Here belongs what aiohttp asks and is answered. Not here: who is due what. May import `feed.metrics`
and below.
"""
