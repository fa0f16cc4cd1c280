"""The chaos checker: `python -m tests.chaos --seconds 180 --seed N`, or `--rehearsals 50`.

A server of its own process publishes a market that can be computed: the number of a tick says what
it is. Readers of all transports, codecs and compressions cut, stall, return by position, change
what they select, and have channels conflated, while the server's wall clock steps. A ledger of
each reader knows what was due to it, and whatever came otherwise is a finding: one missing tick,
one that came twice, a conflated value that was never told, a snapshot that is not the last known
state.

`market` is what is due, `ledger` and `conflated` judge what came, `listener` and `reader` are a
reader's life, `server` the program under test, `party` all of it together. The reading itself is
done by `tests.fakes`, which shares nothing with the server but Protobuf's field names.

`rehearsal` lets the same readers loose on the audience itself, without sockets and time: it repeats
itself exactly, and finds what needs several changes of mind while a socket is full. `restless` are
actors that change intervals, mostly.
"""
