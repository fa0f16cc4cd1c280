"""Another feed server as the source: its events with their sequences, holes and epochs.

Here belongs the following of a server of our own. Not here: other servers of the dialect, and what
becomes of the sequences. May import `feed.sources`, `feed.client` and below.
"""
