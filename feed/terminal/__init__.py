"""The terminal: `feed watch`, symbols in a live table, and `feed top`, how a server is doing.

watch.py            a stream, and the past from `/v1/bars`, into a WatchView
top.py              `/v1/status` and `/metrics`, once a second, into a TopView
watch_view.py       what is drawn, from board.py (symbols, with course.py) and connection.py
top_view.py         what is drawn, from sample.py (a server at a moment, and between two) and
                    served.py (who is connected how)
listing.py          tables that are sorted and scrolled; lines.py and words.py what they are made of
screen.py           a terminal taken over and given back, or plain text; keys.py and writer.py its
                    two directions
finite.py           requests with one answer; together.py tasks that end together

Views know no terminal, stream, server or clock. Here belongs what people look at in a terminal. Not
here: how ticks come. May import `feed.client` and `feed.sources` and below.
"""
