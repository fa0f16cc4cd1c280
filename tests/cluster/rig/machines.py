"""Machines: network namespaces with two devices each, of which one leads to the switch."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Sequence
from dataclasses import dataclass

BUS, FRONT = "bus", "front"  # devices: to other machines through the switch, and to the crowd
_BUS_MTU = 9_000


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine.

    Attributes:
        name: such as n1.
        number: from 1 on, over all.
    """

    name: str
    number: int

    @property
    def bus(self) -> str:
        """Its address for other machines."""
        return f"10.77.0.{self.number}"

    @property
    def front(self) -> str:
        """Its address for the rig itself, and the crowd: no trouble is on that way."""
        return f"10.78.{self.number}.1"

    @property
    def namespace(self) -> str:
        """The file of its network namespace."""
        return f"/run/netns/{self.name}"

    def entered(self, *command: str) -> tuple[str, ...]:
        """Return a command that runs on it."""
        return ("nsenter", f"--net={self.namespace}", *command)


async def run(*command: str, given: str = "") -> None:
    """Run a command that has to succeed.

    Raises:
        RuntimeError: it did not.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE if given else DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate(given.encode() if given else None)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {said.decode().strip()}")


async def make(machines: Sequence[Machine]) -> None:
    """Make the namespaces, and the devices toward the crowd."""
    await run("ip", "link", "set", "lo", "up")
    for machine in machines:
        name, subnet = machine.name, f"10.78.{machine.number}"
        await run("ip", "netns", "add", name)
        lines = (
            f"link add {name} type veth peer name {FRONT} netns {name}",
            f"address add {subnet}.2/30 dev {name}",
            f"link set {name} up",
        )
        await run("ip", "-batch", "-", given="\n".join(lines))
        within = (
            "link set lo up",
            f"address add {machine.front}/30 dev {FRONT}",
            f"link set {FRONT} up",
        )
        await run("ip", "-n", name, "-batch", "-", given="\n".join(within))


async def wire(machines: Sequence[Machine]) -> None:
    """Bring up the devices that the switch has opened."""
    for machine in machines:
        lines = (
            f"address add {machine.bus}/24 dev {BUS}",
            f"link set {BUS} mtu {_BUS_MTU} up",
        )
        await run("ip", "-n", machine.name, "-batch", "-", given="\n".join(lines))
