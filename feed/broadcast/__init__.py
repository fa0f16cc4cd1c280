"""Made once for all: the ring, the cuts, the lanes, and what each subscriber is due.

Here belong the decisions: who is live, held or behind, what is due to whom, in which order. Not
here: sockets, tasks and time, which `feed.hub` owns and passes in. Pure: no clock, socket or loop.
May import `feed.wire` and below.
"""
