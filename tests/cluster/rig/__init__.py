"""A cluster on eight machines, its faults, and subscribers that change edges meanwhile.

`python -m tests.cluster.rig --seconds 600 --seed N`, as root. Three servers of NATS (a stream of
three replicas), two `feed ingest` and three `feed serve --source nats://…` run, each in a network
namespace of its own. What goes between machines goes through one switch of ours, in user space,
which cuts links, loses and delays packets; subscribers reach edges past it. Processes are killed
and stopped, leaders are cut off, a disk is full, all are restarted in turn, and what every
subscriber was told is held against what the stream has.

All of it lives in namespaces of processes, mounts and networks that end with the rig's process,
even where that is killed: nothing is left behind but a folder of
logs, which the next start removes.
"""
