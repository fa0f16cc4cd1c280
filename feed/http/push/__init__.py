"""Pushing over HTTP: batches as bodies, as parts of endless bodies, and over a WebSocket.

Here belongs what is of HTTP: parameters, media types, bodies, answers. What becomes of a batch is
the business of `feed.ingest.desk`.
"""
