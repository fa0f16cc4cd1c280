"""The options of a server: their defaults, what they accept, and the places where they are read.

Here belong the server's own options, and the reading of all; README.md lists them. Not here: what
an option does, and the options of a source, which stand beside it. May import `feed.terminal` and
below.
"""
