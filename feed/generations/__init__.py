"""Answers of language models, and of the one that is built in, as events beside the ticks.

Here belong the models, what they are told of the market, and who began which generation. Not here:
how the APIs of others look (`feed.wire.generations`), and HTTP. May import `feed.rooms` and below.
"""
