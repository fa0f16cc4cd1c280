"""State over restarts: what a server keeps in a directory, and how the next one takes it up.

Here belong the files: the cell, the log and the checkpoint, who writes them, and who reads them.
Not here: what the state of a thing is; each says that itself, as plain data. May import
`feed.generations` and below. The files are described in its README.
"""
