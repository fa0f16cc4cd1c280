"""Ticks, the bars and states made of them, and the rhythm that is usual for each symbol.

Here belong the market's own values, and all that is computed of them alone. Not here: their form on
the wire, and the subscribers. Pure: no clock, socket or loop. May import `feed.errors` and
`feed.histogram`.
"""
