"""Replays: recordings, of this server and of vendors, and paced by their own times.

`source` is the replay as a source; `files` is the reading of files, `formats` what vendors' tables
mean, `object_rows` and `record_rows` make ticks of rows.
"""
