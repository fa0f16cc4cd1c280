"""A fleet on paper: how many edges, bytes, cores and how much money for millions of subscribers.

Nothing is started: measured costs of one process (`costs.py`), a plan (`plan.py`), arithmetic
(`fleet.py`), and a simulation of the minutes after zones are lost (`storm.py`), whose clients wait
as ours do: it uses their `Backoff`, and the `Departure` of a server that leaves.
"""
