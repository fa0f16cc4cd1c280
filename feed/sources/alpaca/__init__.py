"""The market-data dialect of Alpaca, read from any server that speaks it.

options.py   the options of such a source
endpoint.py  what a URL's path says: the class of its symbols, the channels that it has
orders.py    the messages that subscribe, and what refusals mean
link.py      one WebSocket: the opening, frames, pings
source.py    the source: ticks out of frames, and what became of all the rest

Here belongs what is read of the dialect. The dialect as it is spoken is `feed.wire`'s and
`feed.http`'s; what any connection to a server needs is in `feed/sources/upstream/`.
"""
