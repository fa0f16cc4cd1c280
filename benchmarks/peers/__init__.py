"""Peers: other ways to send the same frames to the same subscribers, one file each."""
