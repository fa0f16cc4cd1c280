"""Files: what one is, by its content, and the reading of it, forward and in small pieces.

A file is opened by `recognition`, unpacked by `packed`, and read as lines (`recording`), or as rows
of Parquet and DBN. Each is a `Recording`: blocks of ticks with the market's clock beside them
(`blocks`). Several are one (`merged`). Not here: what a row means (`object_rows`, `record_rows` and
`formats` beside this room), and pace, loops, threads and counters. Reading blocks its thread.
"""
