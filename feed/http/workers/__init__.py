"""What is asked of one worker and answered of all of them.

Here belong the questions to siblings over their Unix sockets, and the merging of their answers. Not
here: what each answers for itself (`feed.http.status`, `feed.http.admin`, `feed.metrics`).
"""
