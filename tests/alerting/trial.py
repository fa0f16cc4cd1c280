"""A trial of alerts: a server that is killed again and again, against the plain model.

Ticks come through a producer, which sends again what a kill has lost; rules are made between them.
A subscriber is cut at random, and comes back with its position. In the end every firing of the
model was told at least once, under one id, and none that is not the model's.

    python -m tests.alerting.trial --seconds 60 --seed 7
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

import feed
from feed.market.alert_rules.condition import parse_condition
from feed.market.ticks import MINUTE_NS, Quote, Tick, Trade
from tests.fakes.patience import PATIENCE_S
from tests.fakes.ports import free_port
from tests.market.alert_rules.model import Model, PlainRule

SYMBOLS = ("AAPL", "MSFT", "TSLA")
_LONG_NS = 24 * 60 * MINUTE_NS  # a cooldown that nothing outlasts
_AWAY = (aiohttp.ClientError, OSError, TimeoutError)


class Trial:
    """One server, its producer, its subscriber, and the model of both."""

    def __init__(self, state: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.told: dict[str, dict[str, Any]] = {}  # firings, by id
        self.expected: dict[tuple[str, int], str] = {}  # what the model fired: rule and arming
        self._state = state
        self._model = Model()
        self._newest: dict[str, float] = {}
        self._place = 0  # of the newest tick, as the model counts
        self._process: Process | None = None
        self._position = ""
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def run(self, seconds: float, kills: int) -> None:
        """Publish, make rules, kill; then wait for all that the model expects."""
        await self.start()
        loop = asyncio.get_running_loop()
        async with (
            aiohttp.ClientSession() as session,
            feed.publisher(self.url, producer="trial") as out,
        ):
            watching = asyncio.create_task(self._watch(session))
            killing = asyncio.create_task(self._kill(seconds, kills))
            await self._publish(out, [self._trade(symbol, 100.0) for symbol in SYMBOLS])
            ends_at = loop.time() + seconds
            # On a machine that is busy, so little may come in that time that nothing fires.
            while loop.time() < ends_at or not (killing.done() and self.expected):
                for _ in range(self.chance.randrange(4)):
                    await self._make(session)
                await self._publish(out, self._ticks())
            await killing
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_told(), PATIENCE_S)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def findings(self) -> list[str]:
        """Return what is not as the model has it."""
        found = [f"never told: {self.expected[key]}" for key in self._missing()]
        told = [word for word in self.told.values() if _key(word) not in self.expected]
        return [*found, *(f"not of the model: {word}" for word in told)]

    # The server.

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "feed", "serve", "--port", str(self._port)),
            *("--source", "push", "--state", str(self._state)),
            *("--alerts-max-rules-per-identity", "100000"),
            *("--alerts-max-firings-per-identity", "100000"),
            stdout=PIPE,
            stderr=DEVNULL,
        )
        assert self._process.stdout is not None
        while b"http://" not in (line := await self._process.stdout.readline()):
            assert line, "it has ended"

    async def end(self) -> None:
        """End it, whatever became of the trial."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _kill(self, seconds: float, kills: int) -> None:
        for _ in range(kills):
            await asyncio.sleep(self.chance.uniform(0.3, 1.7) * seconds / max(1, kills))
            assert self._process is not None
            if self.chance.random() < 0.25:
                self._process.terminate()
                self.counts["restarts"] += 1
            else:
                self._process.kill()
                self.counts["kills"] += 1
            await self._process.wait()
            await self.start()

    # Ticks.

    def _trade(self, symbol: str, price: float) -> Trade:
        self._newest[symbol] = price
        return Trade(symbol=symbol, trade_id=1, exchange="", price=price, size=1.0, event_ns=0)

    def _ticks(self) -> list[Trade | Quote]:
        ticks: list[Trade | Quote] = []
        for _ in range(self.chance.randint(1, 30)):
            symbol = self.chance.choice(SYMBOLS)
            price = round(self._newest[symbol] * (1 + self.chance.gauss(0, 0.004)), 6)
            if self.chance.random() < 0.3:
                spread = self.chance.uniform(0.01, 0.5)
                ticks.append(
                    Quote(
                        symbol=symbol,
                        bid_exchange="",
                        bid_price=price,
                        bid_size=1.0,
                        ask_exchange="",
                        ask_price=price + spread,
                        ask_size=1.0,
                        event_ns=0,
                    )
                )
            else:
                ticks.append(self._trade(symbol, price))
        return ticks

    async def _publish(self, out: Any, ticks: list[Any]) -> None:
        await out.publish([_published(tick) for tick in ticks])
        await out.flush()
        self.counts["ticks"] += len(ticks)
        for rule, arming, _, _ in self._model.take(ticks, self._place + 1, self._place + 1):
            self.expected[rule, arming] = f"{rule} {arming} by tick {self._place + 1} ff."
        self._place += len(ticks)

    # Rules.

    async def _make(self, session: aiohttp.ClientSession) -> None:
        symbol = self.chance.choice(SYMBOLS)
        near = self._newest[symbol] * (1 + self.chance.gauss(0, 0.01))
        op = self.chance.choice([">=", "<=", "crosses_above", "crosses_below", "spread"])
        asked: dict[str, Any] = {"symbol": symbol, "field": "price", "op": op, "value": near}
        if op == "spread":
            asked |= {"field": "spread_bp", "op": ">=", "value": self.chance.uniform(1, 60)}
        asked |= {"once": self.chance.random() < 0.7, "cooldown_s": 86_400}
        note = f"rule {self.counts['rules']}"
        while (made := await self._post(session, {**asked, "note": note})) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.counts["rules"] += 1
        condition = parse_condition(asked["field"], asked["op"], asked["value"])
        rule = PlainRule(made, symbol, condition, asked["once"], _LONG_NS, 0, 0)
        rule.fired_ns = -2 * _LONG_NS
        self._model.add(rule)
        known = self._model.symbols[0, symbol]
        known.price = self._newest[symbol]  # the price of when it was made

    async def _post(self, session: aiohttp.ClientSession, asked: dict[str, Any]) -> str | None:
        """Make a rule, or find that it was made although nobody heard so; None: not yet."""
        url, patience = f"{self.url}/v1/alerts", aiohttp.ClientTimeout(total=PATIENCE_S)
        try:
            async with session.post(url, json=asked, timeout=patience) as answer:
                if answer.status == 201:
                    return str((await answer.json())["id"])
                assert answer.status == 503, await answer.text()
        except _AWAY:
            self.counts["unanswered"] += 1
        while True:
            with suppress(*_AWAY):
                return await self._find(session, asked["note"])
            await asyncio.sleep(0.05)

    async def _find(self, session: aiohttp.ClientSession, note: str) -> str | None:
        """Return the id of the rule that was made with a note; None: none was."""
        after: str | None = ""
        while after is not None:
            page = {"limit": "1000"} | ({"after": after} if after else {})
            async with session.get(f"{self.url}/v1/alerts", params=page) as answer:
                answer.raise_for_status()
                document = await answer.json()
            for rule in document["rules"]:
                if rule["note"] == note:
                    return str(rule["id"])
            after = document["after"]
        return None

    # The subscriber.

    async def _watch(self, session: aiohttp.ClientSession) -> None:
        """Read what is told, cut at random, and come back behind the last position."""
        while True:
            headers = {"Last-Event-ID": self._position} if self._position else {}
            query = {"alerts": "*"} if self._position else {"alerts": "*", "snapshot": "1"}
            url = f"{self.url}/v1/sse"
            with suppress(*_AWAY):
                async with (
                    asyncio.timeout(self.chance.uniform(0.05, 2.0)),
                    session.get(url, params=query, headers=headers) as answer,
                ):
                    self.counts["connections"] += 1
                    await self._read(answer)
            await asyncio.sleep(0.02)

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        position, data = "", ""
        async for line in answer.content:
            text = line.decode().rstrip("\n")
            if text.startswith("id:"):
                position = text[3:].strip()
            elif text.startswith("data:"):
                data = text[5:]
            elif not text:
                read = json.loads(data) if data else []
                for word in read if isinstance(read, list) else [read]:
                    self._hear(word)
                self._position, position, data = position or self._position, "", ""

    def _hear(self, word: dict[str, Any]) -> None:
        if word.get("T") == "gap":
            self.counts["gaps"] += 1
        if word.get("T") != "alert":
            return
        self.counts["told"] += 1
        if word["id"] in self.told:
            self.counts["told again"] += 1
            return
        number = sum(1 for known in self.told.values() if known["rule"] == word["rule"])
        self.told[word["id"]] = {**word, "number": number}

    def _missing(self) -> set[tuple[str, int]]:
        return set(self.expected) - {_key(word) for word in self.told.values()}

    async def _is_told(self) -> None:
        while self._missing():  # noqa: ASYNC110 - what is told comes from another process
            await asyncio.sleep(0.05)


def _key(word: dict[str, Any]) -> tuple[str, int]:
    return word["rule"], word["number"]


def _published(tick: Tick) -> dict[str, Any]:
    if isinstance(tick, Trade):
        return {"T": "t", "S": tick.symbol, "p": tick.price, "s": tick.size}
    assert isinstance(tick, Quote)
    bid = {"bp": tick.bid_price, "bs": tick.bid_size}
    return {"T": "q", "S": tick.symbol, **bid, "ap": tick.ask_price, "as": tick.ask_size}


async def tried(state: Path, seed: int, seconds: float, kills: int) -> Trial:
    """Run a trial, and return it."""
    trial = Trial(state, seed)
    try:
        await trial.run(seconds, kills)
    finally:
        await trial.end()
    return trial


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.alerting.trial", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--kills", type=int)
    options = parser.parse_args()
    kills = int(options.seconds / 4) if options.kills is None else options.kills
    with tempfile.TemporaryDirectory() as directory:
        trial = asyncio.run(tried(Path(directory), options.seed, options.seconds, kills))
    found = trial.findings()
    counts = {**trial.counts, "firings": len(trial.expected)}
    sys.stdout.write(f"seed {options.seed}: {counts}\n")
    sys.stdout.write("\n".join([*found[:20], f"{len(found)} findings"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
