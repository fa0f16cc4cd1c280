"""Replays: recordings and CSV files read line by line, and paced by their own times."""
