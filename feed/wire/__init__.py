"""How it looks: positions, selections, messages, codecs and framings, as bytes and as words.

Here belong the two ways between values and bytes, and the words of the protocol. Not here: who is
written to, and when. Pure: no clock, socket or loop. May import `feed.market` and what it may.
"""
