"""A leader's reign: what a writer takes up from NATS JetStream, and writes there.

Here belongs the process that leads, or stands by to: how it begins its term, what it takes up of
the ones before, how cuts become batches, and who is told when these are acknowledged. Not here:
what a batch is and who may write one (`feed.cluster`). May import `feed.state` and below.
"""
