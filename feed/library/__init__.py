"""A broadcaster inside somebody else's program, with or without sockets.

Here belongs all that `feed.Broadcaster` gives to a program. Not here: anything that is of a whole
process: logging, structlog, the collector, signals, limits and standard output are the host's
alone. May import `feed.http` and below.
"""
