"""`python -m benchmarks.bus.reader HOST PORT SECONDS WARM`: a subscriber that measures ages.

A process of its own. It reads NDJSON, and looks at the first and the last tick of each line alone:
so it takes little of the machine that it shares. The age is the clock here less the time of the
event, which the same machine gave.
"""

import json
import socket
import sys
import time
from calendar import timegm
from itertools import pairwise

QUERY = "/v1/stream?trades=*&quotes=*"
_MARK = b'"t":"'
_NS = 1_000_000_000


class Clock:
    """Reads times as ticks bear them; those of the same second are quick."""

    def __init__(self) -> None:
        self._second = b""
        self._ns = 0

    def ns(self, text: bytes) -> int:
        """Return a time such as 2026-11-30T12:00:00.123456789Z."""
        if text[:19] != self._second:
            self._second = text[:19]
            self._ns = timegm(time.strptime(text[:19].decode(), "%Y-%m-%dT%H:%M:%S")) * _NS
        fraction = text[20:].partition(b"Z")[0]
        return self._ns + int(fraction.ljust(9, b"0") or 0)


def main() -> int:
    """Read, and print what was seen as JSON."""
    host, port, seconds, warm = sys.argv[1], *map(float, sys.argv[2:5])
    clock, oldest, newest, ticks = Clock(), list[int](), list[int](), 0
    with socket.create_connection((host, int(port))) as connection:
        request = f"GET {QUERY} HTTP/1.0\r\nHost: {host}\r\n\r\n"
        connection.sendall(request.encode())
        begins_s = time.monotonic() + warm
        rest = b""
        while time.monotonic() < begins_s + seconds:
            rest += connection.recv(1 << 18)
            now_ns = time.time_ns()
            *lines, rest = rest.split(b"\n")
            if time.monotonic() < begins_s:
                continue
            for line in lines:
                first, last = line.find(_MARK), line.rfind(_MARK)
                if not line.startswith(b'[{"T":"') or first < 0 or b'"T":"feed"' in line:
                    continue
                oldest.append(now_ns - clock.ns(line[first + 5 : first + 35]))
                newest.append(now_ns - clock.ns(line[last + 5 : last + 35]))
                ticks += line.count(_MARK)
    oldest.sort()
    newest.sort()
    told = {"ticks": ticks, "frames": len(oldest)}
    for name, ages in (("oldest", oldest), ("newest", newest)):
        assert all(a <= b for a, b in pairwise(ages))
        for percent in (50, 99):
            index = min(len(ages) - 1, len(ages) * percent // 100)
            told[f"{name}_p{percent}_us"] = ages[index] // 1_000 if ages else -1
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
