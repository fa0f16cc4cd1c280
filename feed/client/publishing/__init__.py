"""Publishing: ticks of a Python program, exactly once, to a server with a push source.

making.py      `publisher`, `publisher_blocking`: all that a caller can ask for
publisher.py   Publisher: publish, flush, come back; blocking.py the same without async
lifeline.py    its connections, made anew however often they end
outbox.py      what was published and is not safe yet, in numbered batches (sans I/O)
rows.py        ticks as they are sent: checked and packed, each once
limits.py      the bounds of all this, checked at the call; wish.py what connections are for
ingest_link.py one connection; messages.py the words that come over it
lines.py       lines of NDJSON to a publisher, as `feed publish` does
errors.py      the errors that are raised

Here belongs all that a Python program needs to send ticks. Not here: reading a feed, which is the
folder above. May import that, and what it may import.
"""
