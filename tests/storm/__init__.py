"""The storm: `python -m tests.storm --seconds 60 --seed N`, or `--soak 1800`.

The readers of the chaos, as guests: each of them has an identity, which ends, is revoked, is
granted more and less, while the server is restarted in every way. Beside them intruders try what is
not accepted, and others are cut off amid joining. A ledger of each guest knows what was due to it,
and a tick outside of its grant is a finding, as is a single task, socket, lane or compressor that
is left once everybody is gone.

`papers` is what proves who somebody is, `registrar` writes the keys file, `guest` is a reader with
papers, `intruders` and `half_joins` come without; `server` is the program under test, `program` its
process, `house` both of them together with whoever comes. `weather` is a storm; `soak` is half an
hour of thousands who only come and go.
"""
