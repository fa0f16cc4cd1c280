"""The fan-out's loop in C: what is compiled, and how.

Here belong the C files, which are `fan_out.c` (what Python sees), `compose.c` (frames of
fragments), `sender.c` (one thread's sends), `uring.c` (io_uring) and `helpers.c` (threads), and
what compiles them to `_fan_out`. Not here: decisions, which are `feed.hub.fan_out`'s, where all of
it is optional. Nothing here needs the rest of the project, so that a build can run it. May import
`feed.settings` and below.
"""
