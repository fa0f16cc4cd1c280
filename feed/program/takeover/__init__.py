"""Takeover: a new server goes on for one that runs, on its sockets and from its state.

Here belong both sides of it, and what they say to each other over a Unix socket in the directory of
the state. Described in the README of `feed.program.workers`.
"""
