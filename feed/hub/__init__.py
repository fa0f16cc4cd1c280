"""Sockets and the loop: the shell that asks `feed.broadcast` what to do, and does it.

Here belong sessions, connections, the tasks that cut and catch up, and what is measured meanwhile.
Not here: decisions, and what HTTP looks like. May import `feed.trust` and below.
"""
