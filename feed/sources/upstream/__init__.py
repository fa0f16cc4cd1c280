"""Servers as sources: what every connection to one needs, whatever it speaks.

silence.py      is an open connection still one: pings, and how long it may tell nothing
endings.py      why a connection ended, and whether to come back
account.py      what became of all connections of a source, for metrics and `/v1/status`
credentials.py  who asks: from variables or a file, never from the command line

Here belongs what the sources that connect to a server have in common; each dialect has a folder of
its own. The wait before the next connection is the strand's (`feed.ingest.strand`).
"""
