"""How everything looks as bytes and as words: positions, selections, messages, codecs, framings.

Here belong the two ways between values and bytes, and the words of the protocol (README.md). Not
here: the choice of subscribers that are written to. Pure: no clock, socket or loop. May import
`feed.market` and below.
"""
