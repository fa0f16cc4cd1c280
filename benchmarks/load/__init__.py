"""Load benchmarks: a swarm of subscribers against one server at a time, each on the same work."""
