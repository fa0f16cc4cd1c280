"""The program that watches one exchange: `python -m feed.sources.exchanges.program`.

It is told on standard input what to watch, writes ticks and instruments to standard output as
`--source -` takes them, and words to standard error. An empty line every few seconds says that it
is there. It ends when its standard input does: whoever started it has ended, however that was.
"""

import asyncio
import os
import sys
import threading
import time
from typing import Any

import orjson

from feed.errors import FeedError
from feed.sources.exchanges.faults import detail_of
from feed.sources.exchanges.names import EXTRA
from feed.sources.exchanges.orders import Order
from feed.sources.exchanges.rows import Row
from feed.sources.exchanges.sayings import Sayings, write_to

SIGN_OF_LIFE_S = 5.0
# ccxt reads answers of any length: one that does not end took 1.7 GB before its time was up; 4,500
# markets with all that Binance tells of each take 0.2 GB.
MOST_MEMORY_BYTES = 1 << 30
_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR = range(3)
_MOST_WAITING_BYTES = 1 << 16


class Writer:
    """Writes rows, all of one turn of the loop at once; waits while nobody takes them."""

    def __init__(self, descriptor: int) -> None:
        """Write to a descriptor that blocks: then nothing is read from the exchange either."""
        self._descriptor = descriptor
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, rows: list[Row]) -> None:
        """Write rows, soon."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        for row in rows:
            line = line_of(row)
            self._waiting.append(line)
            self._size += len(line)
        if self._size > _MOST_WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        data = memoryview(b"".join(self._waiting))
        self._waiting, self._size = [], 0
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:  # whoever read has ended
            os._exit(0)

    async def give_signs_of_life(self) -> None:
        """Write an empty line every few seconds."""
        while True:
            os.write(self._descriptor, b"\n")
            await asyncio.sleep(SIGN_OF_LIFE_S)


def line_of(row: Row) -> bytes:
    """Return a row as a line."""
    try:
        return orjson.dumps(row) + b"\n"
    except orjson.JSONEncodeError:  # a number beyond 64 bits, half a surrogate: the reader refuses
        return orjson.dumps({key: ascii(value)[:80] for key, value in row.items()}) + b"\n"


def main() -> int:
    """Watch until nobody reads any more; return the exit status."""
    # ccxt prints, and what it prints is no tick.
    output = os.dup(_STANDARD_OUTPUT)
    os.dup2(_STANDARD_ERROR, _STANDARD_OUTPUT)
    sayings = Sayings(write_to(_STANDARD_ERROR), time.monotonic_ns)
    try:
        order = Order.of(sys.stdin.buffer.readline())
    except FeedError as error:
        sayings.say("error", str(error))
        return 2
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    _limit_memory()
    try:
        asyncio.run(_watch(order, Writer(output), sayings))
    except FeedError as error:
        sayings.say("error", str(error))
    except ImportError as error:
        sayings.say("error", f"{EXTRA} ({error})")
    except Exception as error:  # noqa: BLE001 - a bug, of ours or of ccxt: one line, and its place
        sayings.say("error", f"{type(error).__name__} {_place(error)}: {detail_of(error, '')}")
    return 1


async def _watch(order: Order, writer: Writer, sayings: Sayings) -> None:
    from feed.sources.exchanges.watching import Watching  # noqa: PLC0415 - ccxt is slow

    def tell(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        what = "" if error is None else f" {type(error).__name__}: {detail_of(error, '')}"
        sayings.say("warning", f"ccxt: {context['message']}:{what}", kind="loop")

    asyncio.get_running_loop().set_exception_handler(tell)
    life = asyncio.create_task(writer.give_signs_of_life())
    try:
        await Watching(order, writer.write, sayings).run()
    finally:
        life.cancel()
        writer.flush()


def _limit_memory() -> None:
    """Refuse memory above the most, where the system can: what fails then is told."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        bounded = hard != resource.RLIM_INFINITY and hard < MOST_MEMORY_BYTES
        most = hard if bounded else MOST_MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _end_with_input() -> None:
    """End at once when standard input ends, whatever the loop is at."""
    while os.read(_STANDARD_INPUT, 1024):
        pass
    os._exit(0)


def _place(error: BaseException) -> str:
    """Return where an error was raised: what a traceback ends in."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f"in {code.co_name} ({os.path.basename(code.co_filename)}:{trace.tb_lineno})"  # noqa: PTH119 - of a code object


if __name__ == "__main__":
    sys.exit(main())
