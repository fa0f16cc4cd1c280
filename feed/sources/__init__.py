"""The sources of events: the simulated market, and replays of recordings.

Here belong sources with their options, the table of them (`catalog`), and what they read. Not here:
the ring, and its readers: only `feed.ingest` gives what sources yield a sequence. May import
`feed.broadcast` and below.
"""
