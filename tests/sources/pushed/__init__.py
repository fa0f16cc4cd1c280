"""Tests of what is pushed: rows, batches and the source."""
