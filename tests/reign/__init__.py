"""Tests of a leader's reign, with servers of NATS."""
