"""Requests for generations, and generations as bytes, as other APIs have them (README.md).

Here belong one module per API (its request, its answers, its errors, its codec), the request as
this server understands it, and the framing of their streams. Not here: our own JSON of the same
words, which is the dialect's. Pure. May import the rest of `feed.wire` and below.
"""
