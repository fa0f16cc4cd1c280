"""Ticks, the bars and states made of them, and the rhythm that is usual for each symbol.

Here belong the market's own values and what is computed of them alone. Not here: how they look on
the wire, who subscribed to them. Pure: no clock, socket or loop. May import `feed.errors` and
`feed.histogram`.
"""
