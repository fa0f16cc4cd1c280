"""Intruders: credentials of every kind that are not accepted, over every transport.

Each of them is to be refused with the words for it, and none gets a tick.
"""

import asyncio
import random
import secrets
import time
from urllib.parse import urlencode

import jwt
import orjson

from tests.chaos.conflated import Wrong
from tests.fakes.raw_http import RawHttp
from tests.fakes.websocket_reader import CLOSE, WebSocketReader
from tests.fakes.wire import Address, Ended
from tests.storm.guest import TICKS
from tests.storm.heeding import mono_us
from tests.storm.papers import IN_HEADERS, Account, auth_message, ways_of
from tests.storm.registrar import Registrar
from tests.storm.scene import Scene
from tests.trust.signing import SECRET, claims_of, unsigned

PATHS = ("/v1/sse", "/v1/stream", "/v1/history", "/v1/snapshot", "/v1/symbols", "/v1/status")
NOBODY = ""
_HOUR_S = 3_600
_JSON = {"Content-Type": "application/json", "Content-Length": "0"}
_QUERIES = {"/v1/sse": {"trades": "*"}, "/v1/stream": {"trades": "*"}}


class Intruders:
    """Whoever tries to come in without papers."""

    def __init__(self, scene: Scene, registrar: Registrar, chance: random.Random) -> None:
        self._scene = scene
        self._registrar = registrar
        self._chance = chance

    async def work(self, per_s: float) -> None:
        """Try to come in, again and again.

        Raises:
            Wrong: one did.
        """
        while True:
            await asyncio.sleep(self._chance.expovariate(per_s))
            await self._scene.is_open.wait()
            try:
                await self._try()
            except (Ended, ConnectionError):
                self._scene.counts["intruders: nobody was there"] += 1

    async def _try(self) -> None:
        chance, scene = self._chance, self._scene
        if chance.random() < 0.15:
            await self._steal_a_ticket()
            return
        name, bearer = self._credential()
        way = chance.choice(["http", "http", "handshake", "message"])
        scene.counts[f"intruder: {name}"] += 1
        try:
            if way == "http":
                await self._ask(bearer)
            else:
                await self._talk(bearer, in_handshake=way == "handshake")
        except Wrong as error:
            raise Wrong(f"an intruder ({name}, {way}): {error}") from None

    def _credential(self) -> tuple[str, str]:
        """Return what is not accepted, and its name."""
        chance = self._chance
        keys = [account.key for account in self._registrar.accounts if account.key is not None]
        known = chance.choice(keys)
        over = [
            key for key in self._registrar.over if key.was_over_by(mono_us() - self._scene.slack_us)
        ]
        now_s = int(time.time())
        good = claims_of(exp=now_s + _HOUR_S, feed={})
        signed = jwt.encode(good, SECRET, "HS256")
        tokens = {
            "expired": jwt.encode(good | {"exp": now_s - _HOUR_S}, SECRET, "HS256"),
            "too early": jwt.encode(good | {"nbf": now_s + _HOUR_S}, SECRET, "HS256"),
            "other issuer": jwt.encode(good | {"iss": "https://evil.example"}, SECRET, "HS256"),
            "other audience": jwt.encode(good | {"aud": "else"}, SECRET, "HS256"),
            "other secret": jwt.encode(good, SECRET[::-1], "HS256"),
            "no algorithm": unsigned({"alg": "none"}, good),
            "other algorithm": jwt.encode(good, SECRET, "HS384"),
            "key by path": jwt.encode(good, b"\0" * 32, "HS256", headers={"kid": "../../dev/zero"}),
            "critical": jwt.encode(good, SECRET, "HS256", headers={"crit": ["x"], "x": 1}),
            "claims of another": f"{signed.rpartition('.')[0]}.{signed.rpartition('.')[2][::-1]}",
        }
        kinds = {
            "nobody": NOBODY,
            "garbage": secrets.token_urlsafe(chance.randint(1, 60)),
            "wrong secret": f"{known.id}.{known.secret[::-1]}",
            "secret of another": f"{known.id}.{chance.choice(keys).secret}x",
            "unknown key": f"fk_{secrets.token_hex(8)}.{known.secret}",
            "key that is over": chance.choice(over).bearer,
        }
        if chance.random() < 0.5:
            name = chance.choice(list(tokens))
            return f"token, {name}", tokens[name]
        name = chance.choice(list(kinds))
        return name, kinds[name]

    def _headers(self, bearer: str) -> dict[str, str]:
        if bearer == NOBODY:
            return {}
        if self._chance.random() < 0.1:
            return {"Cookie": f"__Host-feed={bearer}"}
        return IN_HEADERS[self._chance.choice(ways_of(bearer))](bearer)

    async def _ask(self, bearer: str) -> None:
        path = self._chance.choice(PATHS)
        query = dict(_QUERIES.get(path, {}))
        if bearer != NOBODY and self._chance.random() < 0.1:
            query["ticket"] = bearer
        target = f"{path}?{urlencode(query)}" if query else path
        await self._is_refused(target, {} if "ticket" in query else self._headers(bearer))

    async def _is_refused(self, target: str, headers: dict[str, str]) -> None:
        answer = await RawHttp.get(self._scene.address, target, headers)
        try:
            body = await answer.body() if answer.status != 200 else b""
        finally:
            answer.wire.abort()
        if answer.status != 401:
            raise Wrong(f"{target} was answered by {answer.status}: {body!r}")

    async def _talk(self, bearer: str, *, in_handshake: bool) -> None:
        address, headers = self._scene.address, dict[str, str]()
        if in_handshake:
            headers = self._headers(bearer)
        reader = await WebSocketReader.connect(address, headers=headers)
        try:
            if not in_handshake and bearer != NOBODY:
                reader.say(auth_message(bearer))
            reader.say({"action": "subscribe", "trades": ["*"], "quotes": ["*"]})
            await self._hears_only_that_it_is_refused(reader)
        finally:
            reader.abort()

    async def _hears_only_that_it_is_refused(self, reader: WebSocketReader) -> None:
        told: list[int] = []
        while (frame := await reader.frame()).opcode != CLOSE:
            for message in orjson.loads(frame.data):
                if message["T"] in TICKS or message.get("msg") == "authenticated":
                    raise Wrong(f"it was let in: {message}")
                if message["T"] == "error":
                    told.append(message["code"])
        if frame.close_code in {1012, 1013}:  # the server leaves
            return
        if frame.close_code != 1008 or len(told) != 1 or told[0] not in {401, 402}:
            raise Wrong(f"it was told {told}, and {frame.close_code}")

    async def _steal_a_ticket(self) -> None:
        """Show the ticket of another stream, or one that is used up."""
        scene, boots = self._scene, self._scene.boots
        account = self._chance.choice(self._registrar.accounts)
        ticket = await self._ticket_of(account)
        if ticket is None:
            return
        scene.counts["intruder: ticket of another stream"] += 1
        target = f"/v1/sse?{urlencode({'trades': 'S00', 'ticket': ticket})}"
        first = await RawHttp.get(scene.address, target)
        try:
            for other in (
                f"/v1/sse?{urlencode({'trades': '*', 'ticket': ticket})}",
                f"/v1/stream?{urlencode({'trades': 'S00', 'ticket': ticket})}",
                f"/v1/history?{urlencode({'ticket': ticket})}",
            ):
                await self._is_refused(other, {})
            await self._is_refused(target, {"Origin": "https://evil.example"})
        except Wrong as error:
            if boots == scene.boots:
                raise Wrong(f"a stolen ticket: {error}") from None
        finally:
            first.wire.abort()

    async def _ticket_of(self, account: Account) -> str | None:
        paper = account.paper(self._chance)
        headers = IN_HEADERS["bearer"](paper.bearer) | _JSON
        address: Address = self._scene.address
        answer = await RawHttp.get(address, "/v1/tickets", headers, method="POST")
        try:
            if answer.status != 201:  # too new, or over meanwhile
                return None
            ticket: str = (await answer.document())["ticket"]
        finally:
            answer.wire.abort()
        return ticket
