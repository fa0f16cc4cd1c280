"""The one writer of the ring: it runs sources, weaves bars, and states the health of symbols.

Here belongs all that gives an event its sequence. Not here: reading of recordings, serving of
subscribers. May import `feed.hub` and below.
"""
