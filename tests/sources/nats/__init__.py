"""Edges of a cluster."""
