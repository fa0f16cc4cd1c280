"""The documents: their tables are made from the code, and what they say is checked.

`python -m tests.documents` writes the tables anew; `--check` fails where one is stale. The
generator stands here, since only those who work on the project run it: a server has no use for it,
and what is in `feed/` is installed.
"""
