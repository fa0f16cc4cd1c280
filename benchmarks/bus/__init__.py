"""What the bus costs: an edge's CPU time per tick, and the time from a tick to a subscriber."""
