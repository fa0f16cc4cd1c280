"""The sources of events: simulated, replayed, piped, pushed, of exchanges, of other servers.

Here belong sources with their options, the table of them (`catalog`), and the reading of files. Not
here: the ring, and its readers: only `feed.ingest` gives ticks their sequences. May import
`feed.cluster` and below.
"""
