"""The registrar: it writes the keys file while the server runs, and sometimes writes it badly."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

from tests.storm.heeding import Moment
from tests.storm.papers import EVERYTHING, Account, Key, Kind, draw_allowed
from tests.storm.scene import Scene

STEADY_ACCOUNTS = 8
LOOK_S = 0.15  # between two looks of the server: what it reads counts at the second
VERSION = "version."  # begins the name of the key that says which version of the file it is
MOST_CHANGED = 8  # accounts in one version of the file
KEPT_OVER = 40  # keys that are over, and stay in the file


class Registrar:
    """Accounts, and the file with the keys of those that have some.

    Attributes:
        accounts: all of them.
        over: keys that are not accepted any more.
        whole: held while the file must be whole, as when a server begins.
        gates: of accounts that must not change just now.
        version: of the file, once it is written the next time.
    """

    def __init__(self, path: Path, scene: Scene, chance: random.Random) -> None:
        self.accounts: list[Account] = []
        self.over: list[Key] = []
        self.whole = asyncio.Lock()
        self.gates: dict[Account, asyncio.Lock] = {}
        self.version = 1
        self._path = path
        self._scene = scene
        self._chance = chance
        self._steady = [self._open(f"steady{n}", Kind.STEADY) for n in range(STEADY_ACCOUNTS)]
        self._expired = Key("expired", EVERYTHING, 0)
        self._expired.over, self._expired.ends_us = "expires", 0
        self.over.append(self._expired)
        self._moments: list[Moment] = []  # of what the next version changes

    def account(self, number: int) -> Account:
        """Return the account of a guest: of some kinds it is its own."""
        if number % 10 < 4:
            return self._steady[number % STEADY_ACCOUNTS]
        kind = Kind.CHANGING if number % 10 < 7 else Kind.PASSING
        return self._open(f"guest{number}", kind)

    def write(self) -> None:
        """Write the file, as `feed key` does: another takes its place."""
        self._expired.name = f"{VERSION}{self.version}"
        written = self._path.with_suffix(".new")
        written.write_text(self._text())
        written.replace(self._path)
        self._scene.keys.write(self.version, self._moments)
        self._moments = []
        self.version += 1

    async def work(self) -> None:
        """Change something, again and again."""
        chance = self._chance
        while True:
            await asyncio.sleep(0.6 + chance.random())
            await self._scene.is_open.wait()
            changing = [account for account in self.accounts if account.kind is Kind.CHANGING]
            changing = chance.sample(changing, min(len(changing), chance.randint(1, MOST_CHANGED)))
            async with AsyncExitStack() as gates:
                # Before the file: whoever holds one may wait for a server, and that for the file.
                for account in changing:
                    await gates.enter_async_context(self.gates[account])
                async with self.whole:
                    await self._change(changing)

    async def _change(self, changing: list[Account]) -> None:
        chance = self._chance
        for account in changing:
            account.change(draw_allowed(chance), self._moment())
            self._scene.counts["grants changed"] += 1
        if chance.random() < 0.4:
            self._revoke(chance.choice(self._steady))
        try:
            if chance.random() < 0.15:
                await self._write_badly()
        finally:
            self.write()

    def _moment(self) -> Moment:
        self._moments.append(Moment(self.version))
        return self._moments[-1]

    def _open(self, name: str, kind: Kind) -> Account:
        allowed = draw_allowed(self._chance, may_lack_transports=kind is Kind.STEADY)
        account = Account(name, kind, allowed)
        if kind is not Kind.PASSING:
            account.key = Key(name, allowed, self.version)
        self.accounts.append(account)
        self.gates[account] = asyncio.Lock()
        return account

    def _revoke(self, account: Account) -> None:
        """End the key of an account, and give it another."""
        assert account.key is not None
        self._scene.counts["keys revoked"] += 1
        account.key.revoke(self._moment())
        self.over.append(account.key)
        del self.over[1:-KEPT_OVER]  # the first has expired
        name = f"{account.name}.{self.version}"
        account.key = Key(name, account.allowed, self.version)

    async def _write_badly(self) -> None:
        """Leave a file that is cut off, or blank, or nonsense, for a moment."""
        self._scene.counts["broken keys files"] += 1
        text = self._text()
        # Cut off amid a text in quotes: at the end of a line it would be a file of fewer keys.
        cut_off = f'{text[: self._chance.randrange(1, len(text))]}\nid = "'
        for bad in (cut_off, "", "[[key]]\nid = 3\n"):
            if self._chance.random() < 0.5:
                self._path.write_text(bad)
                await asyncio.sleep(3 * LOOK_S)

    def _text(self) -> str:
        good = [account.key for account in self.accounts if account.key is not None]
        return "\n".join(key.row() for key in [*good, *self.over])
