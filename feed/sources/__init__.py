"""Where events come from: the simulated market, and replays of recordings.

Here belong sources and what they read. Not here: the ring, and who listens. May import
`feed.broadcast` and below; only `feed.ingest` gives what they yield a sequence.
"""
