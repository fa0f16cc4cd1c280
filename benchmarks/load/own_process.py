"""Runs a script of the swarm in a process of its own, and hears its events."""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from .plan import Event, Failed
from .swarm import Tell, prepare
from .wire import WireError

P = TypeVar("P")
R = TypeVar("R")
Script = Callable[[P, Tell], R]

_END_S = 5.0
# The process from which swarms are forked, which knows nothing of the parent's state, imports these
# once: a swarm starts in 20 ms instead of 300.
_PRELOADED = ["__main__", f"{__package__}.steady", f"{__package__}.storm"]


class SwarmError(Exception):
    """A swarm could not do its work; the message says why."""


def in_own_process(script: Script[P, R], plan: P, tell: Tell, timeout_s: float = 300.0) -> R:
    """Run `script(plan, tell)` in a new process and return its result.

    Args:
        script: a function of a module, so that the new process finds it.
        plan: its first argument.
        tell: called here with every event that the script tells there.
        timeout_s: silence of this length ends the process.

    Raises:
        SwarmError: it failed, or was silent for too long.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(script, plan, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        while True:
            if not ours.poll(timeout_s):
                raise SwarmError(f"the swarm said nothing for {timeout_s:g} s")
            try:
                kind, value = ours.recv()
            except EOFError:
                process.join(_END_S)
                raise SwarmError(f"the swarm ended with status {process.exitcode}") from None
            if kind == "result":
                result: R = value
                return result
            if isinstance(value, Failed):
                raise SwarmError(value.words)
            tell(value)
    finally:
        ours.close()
        process.join(_END_S)
        if process.is_alive():
            process.kill()
            process.join()


def _run(script: Script[P, R], plan: P, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    prepare()

    def tell(event: Event) -> None:
        pipe.send(("event", event))

    try:
        pipe.send(("result", script(plan, tell)))
    except (WireError, OSError) as error:
        tell(Failed(str(error)))
    except BrokenPipeError:  # the parent is gone
        pass
