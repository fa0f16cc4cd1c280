"""Jobs over HTTP: asked for, looked at, watched, cancelled, and their files downloaded.

Not here: what a job does (`feed.jobs`). May import the rest of `feed.http` and below.
"""
