"""Exactly once: `python -m tests.exactly_once [--ticks N] [--seed N] [--seconds-between-kills S]`.

Producers publish trades of which each has an id of its own, through proxies that cut connections
anywhere, to a server that is killed at any moment and begins again on its state; subscribers of
all transports come back with their positions. In the end each subscriber has been told every
trade, in the order in which its producer published it: a trade that did not come, or came twice,
is a finding.

`account` judges what came, `cutter` cuts, `house` is the server under test, and its kills, `party`
all of it together. `--wrong` has producers that number again what they send again, and has to be
found out.
"""
