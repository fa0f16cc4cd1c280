"""The sockets that a server listens on: of its own, or held for it by whatever started it.

Whoever holds a listening socket over a restart keeps its queue: clients that come while no server
runs wait there, and none is refused. Systemd passes such sockets on as descriptors from 3 on, with
their number in LISTEN_FDS and the process that they are for in LISTEN_PID (sd_listen_fds(3)); so
does `feed serve --hold-socket`.
"""

import asyncio
import os
import re
import socket
import ssl
import stat
import sys
from collections.abc import Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, NoReturn

import structlog
from aiohttp import web

from feed.errors import FeedError, InvalidInput, shorten
from feed.settings.options import Settings, is_loopback

if TYPE_CHECKING:  # whoever holds a socket for a server has no use for all of it
    from feed.http.protocol.handshakes import Handshakes
    from feed.http.protocol.runner import Runner

BACKLOG = 4_096  # thousands come back within a second after a restart
FIRST_HELD = 3  # SD_LISTEN_FDS_START
HELD, HELD_FOR, HELD_NAMES = "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"
HANDSHAKE_TIMEOUT_S = 10.0
_MOST_HELD = 64
_MOST_DIGITS = 10  # process ids are of 32 bits
_NUMBER = re.compile(rf"[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}")
_FAMILIES = {socket.AF_INET, socket.AF_INET6}
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device or terminal"),
    (stat.S_ISBLK, "a block device"),
)
Place = socket.socket | tuple[str, int]  # one that listens; or where to listen
_ACCEPTED = "a TCP socket that listens"

log = structlog.get_logger("feed.server")


class Site(web.BaseSite):
    """A place that the server listens at; with TLS, where there is a context."""

    __slots__ = ("_context", "_handshakes", "_ours", "_place")

    def __init__(
        self,
        runner: "Runner",
        place: Place,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Make a site that is not started.

        Args:
            runner: of the server.
            place: a socket that listens, or the address and port to listen at.
            context: of TLS.
        """
        super().__init__(runner, ssl_context=context, backlog=BACKLOG)
        self._ours = runner
        self._place = place
        self._context = context
        self._handshakes: Handshakes | None = None

    @property
    def name(self) -> str:
        """Its address."""
        place = self._place
        if isinstance(place, socket.socket) and place.family not in _FAMILIES:
            return f"unix:{place.getsockname()}"
        host, port = place.getsockname()[:2] if isinstance(place, socket.socket) else place
        return f"{'http' if self._context is None else 'https'}://{authority(host, port)}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: it cannot.
        """
        await super().start()
        factory: Callable[[], asyncio.BaseProtocol] | None = self._runner.server
        if self._context is not None:
            factory = self._handshakes = self._ours.handshakes(self._context, HANDSHAKE_TIMEOUT_S)
        assert factory is not None
        loop, place = asyncio.get_running_loop(), self._place
        if isinstance(place, socket.socket) and place.family not in _FAMILIES:
            self._server = await loop.create_unix_server(factory, sock=place, backlog=BACKLOG)
        elif isinstance(place, socket.socket):
            self._server = await loop.create_server(factory, sock=place, backlog=BACKLOG)
        else:
            self._server = await loop.create_server(factory, *place, backlog=BACKLOG)

    async def stop(self) -> None:
        """Listen no longer, and let those go whose handshake is not done."""
        if self._handshakes is not None:
            self._handshakes.end()
        await super().stop()


def authority(host: str, port: int) -> str:
    """Return an address as URLs have it: IPv6 in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def begin_again(command: Sequence[str], descriptors: Sequence[int]) -> NoReturn:
    """Become a program that these sockets are handed on to.

    Args:
        command: runs it.
        descriptors: of sockets that listen.
    """
    _to_their_places(descriptors)
    variables = {HELD: str(len(descriptors)), HELD_FOR: str(os.getpid())}
    os.execve(command[0], list(command), os.environ | variables)  # noqa: S606 - our own words


def _to_their_places(descriptors: Sequence[int]) -> None:
    """Give sockets the descriptors where a server looks for them; others there are closed."""
    import fcntl  # noqa: PLC0415 - not on Windows

    beyond = FIRST_HELD + len(descriptors)
    # Out of the way first: a descriptor may stand where another one is to be.
    spare = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, beyond) for fd in descriptors]
    for place, fd in enumerate(spare, FIRST_HELD):
        os.dup2(fd, place, inheritable=True)


def cannot_listen(settings: Settings, error: OSError) -> FeedError:
    """Return the error of an address that cannot be listened on."""
    # asyncio puts the address into the system's words; those of a name have no number.
    errno = error.errno or 0
    reason = os.strerror(errno) if errno > 0 else error.strerror
    return FeedError(f"cannot listen on {authority(settings.host, settings.port)}: {reason}")


def held_sockets(
    environment: MutableMapping[str, str], settings: Settings, *, pid: int, first: int = FIRST_HELD
) -> list[socket.socket]:
    """Return the sockets that are held for this process; none: it listens by itself.

    Args:
        environment: whose variables are taken out: they are for no program that is started here.
        settings: of the server: what it may listen on is checked there.
        pid: of this process.
        first: the first descriptor.

    Raises:
        InvalidInput: the variables, or a descriptor, is not as it should be.
    """
    given = {name: environment.pop(name, None) for name in (HELD, HELD_FOR, HELD_NAMES)}
    if given[HELD] is None and given[HELD_FOR] is None:
        return []
    count, of_process = (_number(name, given[name]) for name in (HELD, HELD_FOR))
    if of_process != pid:
        log.warning("held_sockets_of_another_process", listen_pid=of_process, pid=pid)
        return []
    if count > _MOST_HELD:
        raise InvalidInput(f"{HELD}: {count} is not accepted; accepted: at most {_MOST_HELD}")
    return [_held(fd, settings) for fd in range(first, first + count)]


def _number(name: str, text: str | None) -> int:
    if text is None:
        raise InvalidInput(f"{name} is missing; accepted: both {HELD} and {HELD_FOR}, or neither")
    if _NUMBER.fullmatch(text) is None:
        accepted = f"a whole number of 1 to {'9' * _MOST_DIGITS}"
        raise InvalidInput(f"{name}: {shorten(text)} is not accepted; accepted: {accepted}")
    return int(text)


def _held(fd: int, settings: Settings) -> socket.socket:
    """Return the socket of a descriptor.

    Raises:
        InvalidInput: it is none that the server can listen on.
    """
    where = f"{HELD}: descriptor {fd}"
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        raise InvalidInput(f"{where} is not open; accepted: {_ACCEPTED}") from None
    if not stat.S_ISSOCK(mode):
        what = next((words for is_kind, words in _KINDS if is_kind(mode)), "no socket")
        raise InvalidInput(f"{where} is {what}; accepted: {_ACCEPTED}")
    held = socket.socket(fileno=fd)
    what = _what_is_wrong(held)
    if what:
        held.detach()  # it is not ours to close
        raise InvalidInput(f"{where} is {what}; accepted: {_ACCEPTED}")
    address = held.getsockname()[0]
    if is_loopback(settings.host) and not is_loopback(address):
        held.detach()
        raise InvalidInput(
            f"{where} listens on {address}, which others reach; accepted: a loopback "
            f"address, and any together with --host {address}, which has conditions"
        )
    os.set_inheritable(fd, False)
    return held


def _what_is_wrong(held: socket.socket) -> str:
    if held.family not in _FAMILIES:
        return f"a socket of {socket.AddressFamily(held.family).name}"
    if held.type != socket.SOCK_STREAM:
        return f"a socket of {socket.SocketKind(held.type).name}"
    listens = sys.platform == "win32" or held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return "" if listens else "a socket that does not listen"
