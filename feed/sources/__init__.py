"""The way in: where ticks come from."""
