"""The options of a server: their defaults, the values that they accept, and the reading of them.

Here belong the server's own options, and the reading of all; README.md lists them. Not here: the
effect of an option, and the options of a source, which stand beside it. May import `feed.terminal`
and below.
"""
