"""The programs: serving until a signal, logs, and the way to the benchmarks.

Here belongs all that runs once a process. Not here: the answers to requests. May import
`feed.library` and below.
"""
