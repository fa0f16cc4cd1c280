"""A bystander: `python -m tests.hostile.bystander PORT` reads all trades as SSE.

To each line on standard input it answers with the longest silence since the last, and with how late
it was woken at most, both in seconds.
"""

import select
import socket
import sys
import time

WAIT_S = 0.01


def main() -> None:
    """Read for ever; standard input's end is the end."""
    port = int(sys.argv[1])
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(f"GET /v1/sse?trades=* HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    heard_s = woken_s = time.monotonic()
    silence_s = lateness_s = 0.0
    while True:
        readable, _, _ = select.select([stream, sys.stdin], [], [], WAIT_S)
        now_s = time.monotonic()
        lateness_s = max(lateness_s, now_s - woken_s - WAIT_S)
        if stream in readable:
            if not stream.recv(1 << 20):
                return  # whoever asks next will notice
            silence_s, heard_s = max(silence_s, now_s - heard_s), now_s
        elif now_s - heard_s > silence_s:
            silence_s = now_s - heard_s
        if sys.stdin in readable:
            if not sys.stdin.readline():
                return
            print(silence_s, lateness_s, flush=True)
            silence_s, lateness_s, heard_s = 0.0, 0.0, now_s
        woken_s = time.monotonic()


if __name__ == "__main__":
    main()
