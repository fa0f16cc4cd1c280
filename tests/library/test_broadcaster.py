"""A broadcaster in a program: made, mounted, published to, ended."""

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

import feed
from feed.errors import FeedError, InvalidInput, InvalidTick, SourceError
from feed.http.app import KEEPER
from feed.library.broadcaster import OPTIONS
from feed.settings.load import InvalidSettings
from feed.settings.options import Settings
from feed.sources import handed
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.library.hosts import hosted, publish

OWN = feed.Trade(symbol="OWN", price=1.0, size=1)


def test_it_is_made_and_mounted_where_no_loop_runs() -> None:
    app = web.Application()
    app.add_subapp("/prices", feed.Broadcaster().app())
    app.add_subapp("/others", feed.Broadcaster(ring=4_096).app())


async def test_what_is_published_is_served_under_its_prefix() -> None:
    async with hosted(feed.Broadcaster(name="desk")) as host:
        position = await publish(host.broadcaster, OWN, OWN)
        assert position == host.broadcaster.position
        answer = await host.client.get(f"{host.url}/v1/history?trades=*&after=0")
        history = await answer.json()
        assert [(tick["S"], tick["i"], tick["p"]) for tick in history["ticks"]] == [
            ("OWN", 1, 1.0),
            ("OWN", 2, 1.0),
        ]
        status = await (await host.client.get(f"{host.url}/v1/status")).json()
        assert "desk" in json.dumps(status)


async def test_what_it_has_told_is_there_after_a_kill_where_it_keeps_a_state(
    tmp_path: Path,
) -> None:
    one = feed.Broadcaster(state=tmp_path / "state")
    async with one:
        # Before its first checkpoint a kill means a new epoch.
        keeper = one.app()[KEEPER]
        await until(lambda: keeper.checkpoints)
        reader = aiter(one.subscribe(trades=["OWN"], after="0"))
        position = await one.publish([OWN, OWN])
        told = await anext(reader)
        shutil.copytree(tmp_path / "state", tmp_path / "killed")
        last = await one.publish([OWN])
    epoch = position.partition("-")[0]
    for directory, stands in (("killed", position), ("state", last)):
        async with feed.Broadcaster(state=tmp_path / directory) as next_one:
            its_epoch, _, sequence = next_one.position.partition("-")
            assert its_epoch == epoch
            assert int(sequence) >= int(stands.partition("-")[2])
            again = await anext(aiter(next_one.subscribe(trades=["OWN"], after="0")))
            assert [tick["S"] for tick in again][:2] == [tick["S"] for tick in told] == ["OWN"] * 2


async def test_symbols_and_numbers_of_trades_go_on_after_a_restart_where_it_keeps_a_state(
    tmp_path: Path,
) -> None:
    def desk() -> feed.Broadcaster:
        return feed.Broadcaster(state=tmp_path / "state")

    quote = feed.Quote(symbol="EUR/USD", bid_price=1.0, ask_price=1.1)
    async with desk() as one:
        await one.publish([OWN, replace(OWN, trade_id=41, exchange="XNAS"), quote])
    async with hosted(desk()) as host:
        answer = await (await host.client.get(f"{host.url}/v1/symbols")).json()
        assert [each["symbol"] for each in answer["symbols"]] == ["EUR/USD", "OWN"]
        await publish(host.broadcaster, OWN)
        history = await (await host.client.get(f"{host.url}/v1/history?trades=*&after=0")).json()
        assert [tick["i"] for tick in history["ticks"]] == [1, 41, 42]


async def test_two_in_one_program_share_nothing() -> None:
    one, other = feed.Broadcaster(), feed.Broadcaster()
    app = web.Application()
    app.add_subapp("/one", one.app())
    app.add_subapp("/other", other.app())
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await one.publish([OWN])
        assert one.position.endswith("-1")
        assert other.position.endswith("-0")
        assert one.position.partition("-")[0] != other.position.partition("-")[0]
    finally:
        await runner.cleanup()


async def test_paths_are_told_with_the_prefix_that_they_have() -> None:
    async with hosted(feed.Broadcaster()) as host:
        for path in ("", "/"):
            page = await (await host.client.get(host.url + path)).text()
            assert 'data-base="/prices/"' in page
        gone = await (await host.client.get(f"{host.url}/nothing")).json(content_type=None)
        assert gone["detail"] == "there is nothing at /prices/nothing; see /prices/"
        document = await (await host.client.get(f"{host.url}/openapi.json")).json()
        assert document["servers"] == [{"url": "/prices"}]
        messages = await (await host.client.get(f"{host.url}/asyncapi.json")).json()
        assert {server["pathname"] for server in messages["servers"].values()} == {"/prices"}
        wrong = await host.client.ws_connect(f"{host.url}/v2/other")
        await wrong.receive()
        await wrong.send_str('{"action":"auth","key":"k","secret":"s"}')
        said = await wrong.receive()
        assert "served: /prices/v1/ws" in str(said.data)


async def test_a_scope_holds_under_a_prefix() -> None:
    """Scopes are configured by the paths that feed/wire/README.md has."""
    async with hosted(feed.Broadcaster(scope=("/metrics=admin",))) as host:
        assert (await host.client.get(f"{host.url}/metrics")).status == 403


async def test_a_key_and_a_ticket_are_asked_for_under_a_prefix(tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    shown = keys.add("desk")
    async with hosted(feed.Broadcaster(keys=keys.path)) as host:
        stream = f"{host.url}/v1/sse?trades=*"
        assert (await host.client.get(stream)).status == 401
        given = await host.client.post(f"{host.url}/v1/tickets", headers=bearer_of(shown), json={})
        ticket = (await given.json())["ticket"]
        async with host.client.get(f"{stream}&ticket={ticket}") as answer:
            assert answer.status == 200


async def test_a_batch_with_a_wrong_tick_is_refused_as_a_whole() -> None:
    async with feed.Broadcaster() as broadcaster:
        wrong = feed.Trade(symbol="NEW", price=float("nan"), size=1)
        with pytest.raises(InvalidTick, match=r"ticks\[2\]: price nan"):
            await broadcaster.publish([OWN, feed.Trade(symbol="OTHER", price=1, size=1), wrong])
        assert broadcaster.position.endswith("-0")
        assert await broadcaster.publish([]) == broadcaster.position


async def test_a_long_list_is_checked_whole_and_published_in_order() -> None:
    count = 2 * handed.SLICE_TICKS + 1
    submissions = [feed.Trade(symbol="OWN", price=n, size=1, event_ns=1) for n in range(count)]
    async with feed.Broadcaster() as broadcaster:
        late = feed.Trade(symbol="OWN", price=1, size=-1)
        with pytest.raises(InvalidTick, match=rf"ticks\[{count}\]: size -1"):
            await broadcaster.publish([*submissions, late])
        assert broadcaster.position.endswith("-0")
        stream = broadcaster.subscribe(trades="OWN")
        await stream.open()
        await broadcaster.publish(submissions)
        prices: list[float] = []
        async for batch in stream:
            prices += [tick["p"] for tick in batch if tick["T"] == "t"]
            if len(prices) == count:
                break
        assert prices == list(range(count))


async def test_exchanges_numbers_are_kept_exactly() -> None:
    ids = (7, 1 << 60, "a-b-c", None)
    async with feed.Broadcaster() as broadcaster:
        stream = broadcaster.subscribe(trades="OWN", after="0")
        await broadcaster.publish(
            [feed.Trade(symbol="OWN", price=1, size=1, trade_id=each) for each in ids]
        )
        batch = await anext(stream)
        told = [(tick.get("i"), tick.get("xi")) for tick in batch]
        large = 1 << 60
        assert told == [(7, None), (large, str(large)), (large + 1, "a-b-c"), (large + 2, None)]


async def test_publishing_waits_for_the_start() -> None:
    broadcaster = feed.Broadcaster()
    early = asyncio.create_task(broadcaster.publish([OWN]))
    await asyncio.sleep(0)
    async with broadcaster:
        assert (await early).endswith("-1")


async def test_publishing_is_refused_where_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handed, "START_TIMEOUT_S", 0.01)
    with pytest.raises(SourceError, match="was not started within"):
        await feed.Broadcaster().publish([OWN])


async def test_once_it_has_ended_it_takes_nothing_and_does_not_run_again() -> None:
    async with feed.Broadcaster() as broadcaster:
        await broadcaster.publish([OWN])
    with pytest.raises(SourceError, match="has ended"):
        await broadcaster.publish([OWN])
    with pytest.raises(FeedError, match="has ended; it runs once"):
        async with broadcaster:
            pass


async def test_whoever_publishes_while_it_ends_is_told() -> None:
    broadcaster = feed.Broadcaster()

    async def publish_for_ever() -> None:
        while True:
            await broadcaster.publish([OWN])

    async with broadcaster:
        publishing = asyncio.create_task(publish_for_ever())
        await broadcaster.publish([OWN])
    with pytest.raises(SourceError):
        await publishing


async def test_whoever_gives_up_publishes_nothing_later() -> None:
    broadcaster = feed.Broadcaster()
    async with broadcaster:
        giving_up = asyncio.create_task(broadcaster.publish([OWN]))
        await asyncio.sleep(0)  # it is enlisted
        giving_up.cancel()
        await broadcaster.publish([feed.Trade(symbol="NEXT", price=1, size=1)])
        batch = await anext(broadcaster.subscribe(trades="*", after="0"))
        assert [tick["S"] for tick in batch] == ["NEXT"]


async def test_it_has_one_application() -> None:
    broadcaster = feed.Broadcaster()
    broadcaster.app()
    with pytest.raises(FeedError, match="app\\(\\) was called before"):
        broadcaster.app()


async def test_a_program_may_let_it_run_longer_than_its_application() -> None:
    async with feed.Broadcaster() as broadcaster:
        async with hosted(broadcaster):
            await broadcaster.publish([OWN])
        await broadcaster.publish([OWN])
        assert not broadcaster.position.endswith("-0")


@pytest.mark.parametrize("option", ["port", "source", "idle_timeout_s", "no_such"])
def test_options_without_an_effect_here_are_refused(option: str) -> None:
    with pytest.raises(InvalidSettings, match=option):
        feed.Broadcaster(**{option: 1})  # type: ignore[arg-type]  # mypy cannot know which


def test_every_option_is_of_the_broadcaster_or_of_the_program() -> None:
    assert set(OPTIONS) < set(Settings.option_fields())
    assert {"ring", "keys", "state", "allow_origin", "trust_proxy", "fan_out"} < set(OPTIONS)


@pytest.mark.parametrize("wrong", [{"ring": 3}, {"name": ""}, {"name": "a\nb"}, {"name": 1}])
def test_a_wrong_argument_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=f"^{next(iter(wrong))}: "):
        feed.Broadcaster(**wrong)  # type: ignore[arg-type]  # that is the point


async def test_the_pings_of_a_websocket_are_answered_under_a_hosts_runner() -> None:
    async with hosted(feed.Broadcaster()) as host:
        socket = await host.client.ws_connect(f"{host.url}/v1/ws", autoping=False)
        await socket.receive()
        await socket.ping(b"here")
        answer = await socket.receive()
        assert (answer.type, answer.data) == (WSMsgType.PONG, b"here")


async def test_head_is_answered_as_under_feed_serve() -> None:
    async with hosted(feed.Broadcaster()) as host:
        assert (await host.client.head(f"{host.url}/v1/status")).status == 200
        refused = await host.client.head(f"{host.url}/v1/sse?trades=*")
        assert (refused.status, "HEAD" in refused.headers["Allow"]) == (405, False)


async def test_who_asks_through_a_proxy_that_is_trusted_is_known() -> None:
    async with hosted(feed.Broadcaster(trust_proxy=("127.0.0.1/32",))) as host:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        async with host.client.get(f"{host.url}/v1/stream?trades=*", headers=headers):
            [session] = host.hub.sessions.values()
            assert session.connection.peer == "203.0.113.7"


def test_a_file_of_instruments_lists_them_before_their_first_tick(tmp_path: Path) -> None:
    path = tmp_path / "instruments.csv"
    path.write_text("symbol,price_step\nOWN,0.25\n")
    feed.Broadcaster(instruments=path)
    path.write_text("symbol,price_stp\nOWN,0.25\n")
    with pytest.raises(InvalidInput, match="price_stp"):
        feed.Broadcaster(instruments=str(path))
