"""Edges: requests of their clients that go to the writer, and what the writer takes of edges.

An edge serves subscribers from a ring that follows a writer's. Here belongs all that it cannot
answer from that ring. Not here: how it follows (`feed.sources`, `feed.ingest.pursuit`).
"""
