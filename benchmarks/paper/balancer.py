"""`python -m benchmarks.paper.balancer`: what HAProxy takes for a connection and for a frame.

It ends TLS 1.3 in one thread and passes bytes on, between a server and clients of this process; its
CPU is the scheduler's count. Needs `haproxy` and `openssl`; everything stays on 127.0.0.1.
"""

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLIENTS = 300
FRAME = b"x" * 660
PAUSE_S = 0.004  # after each tenth of the clients, so that frames are not all written at once
WINDOW_S = 5.0
WINDOWS = 3
_CONFIGURATION = """
global
  nbthread 1
  maxconn 5000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:{front} ssl crt {pair}
  default_backend edges
backend edges
  server edge 127.0.0.1:{back}
"""
_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
    "-keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
)


def main() -> int:
    """Measure, and print it; return the exit status."""
    missing = [name for name in ("haproxy", "openssl") if shutil.which(name) is None]
    if missing:
        print(f"balancer: {' and '.join(missing)} not found; Debian's packages have these names")
        return 1
    with tempfile.TemporaryDirectory(prefix="feed-balancer-") as folder:
        _measure(Path(folder))
    return 0


def _measure(folder: Path) -> None:
    subprocess.run(_CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    pair = folder / "pair.pem"
    pair.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    with (
        socket.create_server(("127.0.0.1", 0)) as free,
        socket.create_server(("127.0.0.1", 0)) as at,
    ):
        front, back = free.getsockname()[1], at.getsockname()[1]
    configuration = folder / "haproxy.cfg"
    configuration.write_text(_CONFIGURATION.format(front=front, back=back, pair=pair))
    balancer = subprocess.Popen(["haproxy", "-db", "-f", configuration])
    try:
        asyncio.run(_measure_it(balancer.pid, front, back, folder / "cert.pem"))
    finally:
        balancer.terminate()
        balancer.wait()


async def _measure_it(pid: int, front: int, back: int, certificate: Path) -> None:
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _, writer: writers.append(writer), "127.0.0.1", back, backlog=4_096
    )
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    await _answering(front)
    writers.clear()
    before_s, memory = _cpu_s(pid), _memory(pid)
    clients = [
        await asyncio.open_connection("127.0.0.1", front, ssl=context) for _ in range(CLIENTS)
    ]
    while len(writers) < CLIENTS:  # noqa: ASYNC110 - connections come by themselves
        await asyncio.sleep(0.05)
    print(f"{(_cpu_s(pid) - before_s) / CLIENTS * 1e3:.2f} ms a connection")
    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(_read(reader)) for reader, _ in clients]
        for _ in range(WINDOWS):
            frames, before_s, until_s = 0, _cpu_s(pid), time.monotonic() + WINDOW_S
            while time.monotonic() < until_s:
                for index, writer in enumerate(writers):
                    writer.write(FRAME)
                    frames += 1
                    if index % (CLIENTS // 10) == 0:
                        await asyncio.sleep(PAUSE_S)
            print(f"{(_cpu_s(pid) - before_s) / frames * 1e6:.1f} µs a frame, of {frames:,}")
        print(f"{(_memory(pid) - memory) / CLIENTS / 1e3:.0f} kB a connection")
        for task in readers:
            task.cancel()
    for _, writer in clients:
        writer.close()
    server.close()


async def _answering(port: int) -> None:
    """Wait until somebody listens at a port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def _read(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


def _cpu_s(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1_024


if __name__ == "__main__":
    sys.exit(main())
