"""Programs: serving until a signal, the source that the options name, logs, the benchmarks' door.

Here belongs what runs once a process. Not here: what a request gets. May import `feed.http` and
below.
"""
