"""What lies between a writer and its edges in NATS JetStream: batches, their stream, and its names.

Here belongs what both sides agree on, and what reads or writes it by `nats-py` (the extra
`cluster`). Not here: sources, rings, HTTP. May import `feed.client` and below.
"""
