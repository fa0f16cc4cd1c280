"""Exports: a job of a server is begun, watched, and its file downloaded and checked.

Here belong the requests of a job and the file that becomes of it. Not here: what a job is
(`feed.jobs`), and how progress is shown (`feed.terminal`). May import the rest of `feed.client` and
below.
"""
