"""A cluster's stream as the source: an edge follows its writer through NATS JetStream.

Here belongs what makes steps of batches and news. Not here: the stream itself (`feed.cluster`), and
what becomes of the sequences. May import `feed.sources`, `feed.cluster` and below.
"""
