"""The terminal: `feed watch`, symbols in a live table, and `feed top`, the state of a server.

watch.py            a stream, and the past from `/v1/bars`, into a WatchView
top.py              `/v1/status` and `/metrics`, once a second, into a TopView
watch_view.py       the drawing of it, from board.py (symbols, with course.py) and
                    connection_report.py
top_view.py         the drawing of it, from sample.py (a server at a moment, and between two) and
                    served.py (subscribers by transport and codec)
listing.py          tables that are sorted and scrolled; lines.py and words.py their parts
screen.py           a terminal taken over and given back, or plain text; keys.py and writer.py its
                    two directions
ask.py              an answer of a language model, piece by piece
room.py             a room, a line each, and lines that are said in it; alerts.py rules and
                    firings
finite.py           requests with one answer; together.py tasks that end together

Views know no terminal, stream, server or clock. Here belong pictures for people at a terminal. Not
here: the way that ticks come. May import `feed.sources` and below.
"""
