"""The market at a glance: movers, breadth, the most active, and sectors, since the day's open.

row.py     one symbol on its day
table.py   all of them, as of one moment
glance.py  what stands out of a table, as somebody asks for it

All numbers come from bars. A summary in sentences is in `feed.market.summary`, whose movers these
are. Knows no clock, and nobody who asks.
"""
