"""Rooms: what people say to each other beside the market, the lists they keep, and who is there.

Here belong what people say, who is where, and what of it is published.

desk.py          publishes messages, edits, deletions and changes of lists, for whoever may
edge_members.py  who is in rooms over edges, at their writer, pure
edge_news.py     what an edge tells of that, pure
keeping.py       waits until a kill would leave what was said
members.py       who is in which room, pure
presence.py      tells who is in which room
tally.py         what is counted

Not here: decisions on lists (`feed.market.shared_list`), what is accepted
(`feed.wire.room_requests`), and HTTP (`feed.http.rooms`). May import `feed.alerting` and below.
"""
