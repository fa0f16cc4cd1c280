"""The rules of alerts, evaluated on every tick: the pure core.

Theory of operation: a rule is on one symbol, and waits on a *ladder*: the thresholds of one series
of values, sorted, so that a value touches only the rules that it reaches. The series of a symbol
are its price, its spread in basis points, the largest move and the volume within each window that a
rule asks for (shared by symbol and window), and whether it is stale or halted. A rule that is `<=`
or crosses below is on a ladder of negated values.

A rule is armed, fires, and is over (`once`); or rests until its condition was false again, cools
down for what is left of its cooldown, and is armed again. `>=`, `<=` and `is` fire with the next
value of their symbol if they are true at once. Crossing above is a value below the threshold and
then one that is not (the mirror image for below); the value before is the last that the symbol's
rules saw, so the first rule of a symbol waits for two; it needs no rest, since it is never true
twice. Moves go up or down, from the lowest or highest price within the window.

Windows are counted in 256 slots, by the time of arrival: a window of a minute moves on every
0.23 s, and takes the same memory whatever trades.

Rules with a floor of conflation see what the conflation of that interval gives, when it gives it:
call `flush` when `due_ns` has come. What it has collected is not in the state that is saved, and
counts as missing after a restart.
Times are monotonic, but for expiry. Knows no identity, no store and no listener.
"""
