"""What a server can be told: every option, its default, what it accepts, and where it is read.

Here belong options and their composition. Not here: what an option does. May import
`feed.terminal`'s layer and below.
"""
