"""The sources of events: the simulated market, replays of recordings, and pipes.

Here belong sources with their options, the table of them (`catalog`), and the reading of files. Not
here: the ring, and its readers: only `feed.ingest` gives ticks their sequences. May import
`feed.logger` and below.
"""
