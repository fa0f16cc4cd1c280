"""Workers: one server as several processes, of which one gives sequences and the others serve.

Here belong the supervisor, which owns the listening sockets and starts workers, and what a worker
does otherwise than a server that is alone. Not here: what workers ask each other
(`feed.http.workers`), and what they count together (`feed.hub.siblings`). Described in its README.
"""
