"""A small process that holds the listening socket, and starts the server anew at SIGHUP.

It is for machines without systemd's socket units, in containers for one: the old server says its
goodbyes and ends, and while there is none, clients wait in the queue of the socket. Every server is
a program that is loaded anew, so what a SIGHUP starts is what is installed by then.

SIGTERM and SIGINT are handed on, and it ends with its server, with the server's status; if it is
killed, its server is told to end by the kernel. Linux only.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

from feed.errors import FeedError
from feed.program.listening import BACKLOG, begin_again, cannot_listen
from feed.settings.options import Settings

_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
_OF_THE_KERNEL = 128  # SI_KERNEL: of a terminal, which tells all of its processes
_PR_SET_PDEATHSIG = 1


def hold(settings: Settings, command: Sequence[str]) -> int:
    """Listen, and run servers one after the other; return the exit status of the last one.

    Args:
        settings: of the server: where to listen.
        command: runs a server with these settings.

    Raises:
        FeedError: it cannot listen, or not hold anything here.
    """
    if sys.platform != "linux":
        raise FeedError("--hold-socket needs Linux; elsewhere LISTEN_FDS can pass a socket on")
    held = listen(settings)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    server = _start(command, held)
    ending = restarting = False
    while True:
        told = signal.sigwaitinfo(_SIGNALS)
        by_terminal = told.si_code == _OF_THE_KERNEL
        if told.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(server, os.WNOHANG)
            if not ended:
                continue
            if ending or not restarting:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            restarting = False
            server = _start(command, held)
        elif told.si_signo == signal.SIGHUP and not by_terminal:
            if not (restarting or ending):
                restarting = True
                os.kill(server, signal.SIGTERM)
        else:
            ending = True
            if told.si_signo != signal.SIGINT or not by_terminal:  # Ctrl-C it hears by itself
                os.kill(server, signal.SIGTERM)


def listen(settings: Settings) -> list[socket.socket]:
    """Return sockets that listen on every address that the host stands for.

    Raises:
        FeedError: they cannot.
    """
    held: list[socket.socket] = []
    port = settings.port
    try:
        found = socket.getaddrinfo(
            settings.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = socket.socket(family, kind, protocol)
            held.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address[0], port, *address[2:]))
            port = listener.getsockname()[1]  # of the first, where any would do
            listener.listen(BACKLOG)
    except OSError as error:
        for listener in held:
            listener.close()
        raise cannot_listen(settings, error) from error
    return held


def _start(command: Sequence[str], held: Sequence[socket.socket]) -> int:
    """Start a server that the sockets are handed on to; return its process."""
    holder = os.getpid()
    server = os.fork()
    if server:
        return server
    try:
        _become(command, [listener.fileno() for listener in held], holder)
    finally:
        os._exit(127)  # it could not be run; never a second holder


def _become(command: Sequence[str], held: Sequence[int], holder: int) -> NoReturn:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != holder:
        os._exit(1)  # it was killed before that
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    begin_again(command, held)
