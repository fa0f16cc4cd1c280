"""The sources of events: the simulated market, and replays of recordings.

Here belong sources and what they read. Not here: the ring, and who listens: only `feed.ingest`
gives what sources yield a sequence. May import `feed.broadcast` and below.
"""
