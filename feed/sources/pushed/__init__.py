"""Ticks that others push over the network: batches, their rows, and the source that gives them."""
