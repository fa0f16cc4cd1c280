"""Erasing on the disk: what was deleted is gone from the files of a state.

Here belong what is written over in which file, how that survives a kill, and when it is done. Not
here: what is deleted, and how it is erased in memory (`feed.broadcast.erasure`). Is imported by
`feed.state` alone.
"""
