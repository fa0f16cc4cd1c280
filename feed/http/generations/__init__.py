"""Questions to language models, by the APIs of others, and answers that are read again or later.

Here belong the endpoints of those APIs, and how one of their streams is served. Not here: how their
requests, answers and streams look (`feed.wire.generations`), and who answers (`feed.generations`).
May import the rest of `feed.http` and below.
"""
