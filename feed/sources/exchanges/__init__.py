"""Exchanges through ccxt's streaming, in a program of their own that writes into our pipe.

`source` is what a server sees: it starts the program (`program`), reads its ticks as those of any
pipe, and tells what it says. The rest runs in that program: `watching` asks ccxt, `hearing` makes
rows of what it answers. Only `watching` and `watched` import ccxt, which takes a second and 109 MB.
"""
