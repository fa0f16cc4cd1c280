"""The programs: serving until a signal, logs, and the way to the benchmarks.

Here belongs what runs once a process. Not here: what a request gets. May import `feed.http` and
below.
"""
