"""The switch: `python -m tests.cluster.rig.switch SEED MACHINE…`, a process of its own.

It opens a TUN device in the namespace of each machine, prints a line, and passes packets between
them as its wiring says. A line on standard input is a list of all troubles that there are now; at
its end it prints what became of all packets.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time
from itertools import count
from pathlib import Path

from tests.cluster.rig.machines import BUS, Machine
from tests.cluster.rig.wiring import Trouble, Wiring

_TUN = "/dev/net/tun"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_LARGEST = 1 << 16
_TARGET = slice(16, 20)  # of an IPv4 header
_AT_ONCE = 64  # packets of one device, before the others get their turn
_HEADER_BYTES = 20


def _enter(namespace: str) -> None:
    """Have this process be in a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(namespace).open("rb") as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace)


def _open_device(machine: Machine) -> int:
    """Return the device of a machine, which ends with this process."""
    _enter(machine.namespace)
    device = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", BUS.encode(), _IFF_TUN | _IFF_NO_PI))
    return device


class Switch:
    """Passes packets between devices."""

    def __init__(self, machines: list[Machine], seed: int) -> None:
        self.wiring = Wiring(random.Random(seed))
        self._devices = {_open_device(machine): machine for machine in machines}
        self._by_address = {
            socket.inet_aton(machine.bus): (device, machine)
            for device, machine in self._devices.items()
        }
        self._late: list[tuple[float, int, int, bytes]] = []
        self._numbers = count()
        self._begun = b""  # a line of troubles that has not ended

    def run(self) -> None:
        """Pass packets until the end of standard input."""
        poll = select.poll()
        for device in (*self._devices, sys.stdin.fileno()):
            poll.register(device, select.POLLIN)
        while True:
            for ready, _ in poll.poll(self._patience_ms()):
                if ready in self._devices:
                    self._take_from(ready)
                elif not self._hear():
                    return
            self._tell_late()

    def _patience_ms(self) -> float | None:
        if not self._late:
            return None
        return max(0.0, (self._late[0][0] - time.monotonic()) * 1e3)

    def _take_from(self, device: int) -> None:
        """Take what a machine has sent, and pass it on."""
        source = self._devices[device].name
        for _ in range(_AT_ONCE):
            try:
                packet = os.read(device, _LARGEST)
            except (BlockingIOError, OSError):  # nothing more, or not up yet
                return
            target = self._by_address.get(packet[_TARGET])
            if len(packet) < _HEADER_BYTES or target is None:
                continue  # a multicast of the kernel
            now_s = time.monotonic()
            arrives_s = self.wiring.arrives_s((source, target[1].name), now_s)
            if arrives_s == now_s:
                self._write(target[0], packet)
            elif arrives_s is not None:
                late = (arrives_s, next(self._numbers), target[0], packet)
                heapq.heappush(self._late, late)

    def _tell_late(self) -> None:
        now_s = time.monotonic()
        while self._late and self._late[0][0] <= now_s:
            _, _, device, packet = heapq.heappop(self._late)
            self._write(device, packet)

    def _write(self, device: int, packet: bytes) -> None:
        try:
            os.write(device, packet)
        except OSError:
            self.wiring.counts["not taken"] += 1  # as by a network card whose queue is full

    def _hear(self) -> bool:
        """Take all troubles that there are now; tell whether more may be said."""
        said = os.read(sys.stdin.fileno(), _LARGEST)
        *lines, self._begun = (self._begun + said).split(b"\n")
        for line in lines:
            told = json.loads(line)
            self.wiring.set(((each[0], each[1]), Trouble(*each[2:])) for each in told)
        return bool(said)


def main() -> None:
    """Pass packets."""
    names = sys.argv[2:]
    switch = Switch([Machine(name, at) for at, name in enumerate(names, 1)], int(sys.argv[1]))
    print("ready", flush=True)
    switch.run()
    print(json.dumps(switch.wiring.counts), flush=True)


if __name__ == "__main__":
    main()
