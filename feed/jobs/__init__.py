"""Jobs: exports of the ring, of bars and of recordings to files, by programs of their own.

Here belong what a job may be asked for, the program that writes a file, and the desk that starts,
feeds, watches, resumes and forgets jobs. Not here: HTTP (`feed.http.jobs`), and clients
(`feed.client.exporting`). May import `feed.ingest` and below.
"""
