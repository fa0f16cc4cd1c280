"""What becomes of rules and firings when the disk does not take them."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from feed.alerting.book import FILE, Book, Changes
from feed.errors import InvalidParameter
from tests.alerting.client import RULE, Client, priced
from tests.fakes.patience import until
from tests.fakes.servers import Serve, trade


class Disk:
    """Takes nothing while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        monkeypatch.setattr("feed.alerting.desk.AGAIN_S", 0.01)
        self._commit = Book._commit
        disk = self

        def commit(book: Book, changes: Changes) -> None:
            if disk.is_full:
                raise sqlite3.OperationalError("database or disk is full")
            disk._commit(book, changes)

        monkeypatch.setattr(Book, "_commit", commit)


async def test_a_full_disk_refuses_the_one_who_asks_and_loses_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve()
    disk, client = Disk(monkeypatch), Client(feed)
    await feed.publish(trade(1))
    await client.make()
    await feed.publish(trade(2))
    (fired,) = await client.firings(1)
    again = await client.make(value=1e6)
    disk.is_full = True
    for method, path in (
        ("POST", f"/v1/firings/{fired['id']}/acknowledge"),
        ("DELETE", f"/{again['id']}"),
        ("PATCH", f"/{again['id']}"),
        ("POST", ""),
    ):
        status, told = await client.ask(method, path, json={**RULE, "value": 2e6})
        assert (status, "disk is full" in told["detail"]) == (503, True), told
    assert [each["id"] for each in await client.firings(1)] == [fired["id"]]
    _, page = await client.ask("GET")
    assert {each["value"] for each in page["rules"]} == {0.5, 1e6}
    disk.is_full = False
    assert (await client.ask("POST", f"/v1/firings/{fired['id']}/acknowledge"))[0] == 200
    await feed.publish(priced(3, 2e6))
    assert [each["rule"] for each in await client.firings(2)] == [again["id"]]


async def test_what_fires_while_the_disk_is_full_is_kept_by_the_end_of_the_server(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await serve(state=tmp_path)
    disk, client = Disk(monkeypatch), Client(first)
    await first.publish(trade(1))
    rule = await client.make()
    failed = client.alerts.tally.failed_commits
    disk.is_full = True
    await first.publish(trade(2))
    await until(lambda: client.alerts.tally.failed_commits > failed + 1)
    disk.is_full = False
    monkeypatch.setattr("feed.alerting.desk.AGAIN_S", 60.0)
    await first.server.close()
    second = await serve(state=tmp_path)
    told = (await Client(second).ask("GET", "/v1/firings"))[1]["firings"]
    assert [(each["rule"], each["at"]) for each in told] == [(rule["id"], first.position(2))]


async def test_a_rule_that_was_deleted_meanwhile_is_not_written_again(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve(state=tmp_path)
    disk, client = Disk(monkeypatch), Client(feed)
    await feed.publish(trade(1))
    rule = await client.make()
    monkeypatch.setattr("feed.alerting.desk.AGAIN_S", 0.3)
    failed = client.alerts.tally.failed_commits
    disk.is_full = True
    await feed.publish(trade(2))
    await until(lambda: client.alerts.tally.failed_commits > failed)
    disk.is_full = False
    assert (await client.ask("DELETE", f"/{rule['id']}"))[0] == 200
    (fired,) = await client.firings(1)  # what it fired stays
    assert fired["rule"] == rule["id"]
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        assert base.execute("SELECT count(*) FROM rules").fetchone() == (0,)


async def test_a_deleted_directory_is_told_and_everything_is_written_anew(
    serve: Serve, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    first = await serve(state=state)
    client = Client(first)
    await first.publish(trade(1))
    kept = await client.make(value=1e6)
    await client.make()
    await first.publish(trade(2))
    (fired,) = await client.firings(1)
    delete_book(state)
    status, told = await client.ask("POST", json=RULE)
    assert status in {201, 503}, told  # 503, unless the book was made anew already
    await until(lambda: client.alerts.tally.failed_commits > 0)
    made = await until_made(client)
    await first.server.close()
    second = Client(await serve(state=state))
    _, page = await second.ask("GET")
    assert {kept["id"], made} <= {each["id"] for each in page["rules"]}
    told = (await second.ask("GET", "/v1/firings"))[1]["firings"]
    assert fired["id"] in {each["id"] for each in told}
    state.rename(tmp_path / "gone")  # in one step: files that the server makes meanwhile go along
    assert (await second.ask("POST", json=RULE))[0] in {201, 503}


async def test_what_was_asked_for_before_the_file_was_missed_makes_no_new_one(
    tmp_path: Path,
) -> None:
    book = Book(tmp_path)
    first, second, whole = (Changes(is_everything=name == "c") for name in "abc")
    for changes, name in ((first, "a"), (second, "b"), (whole, "c")):
        changes.put("notes", name, b"")
    await book.commit(first)
    delete_book(tmp_path)
    for asked in await asyncio.gather(
        book.commit(first), book.commit(second), return_exceptions=True
    ):
        assert isinstance(asked, sqlite3.OperationalError), asked
    await book.commit(whole)
    await book.commit(second)
    await book.close(Changes())
    assert Book(tmp_path).rows("notes") == [("c", b""), ("b", b"")]


async def test_a_file_that_is_written_anew_has_the_cursor(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path)
    client = Client(first)
    await first.publish(trade(1))
    await client.make()
    await first.publish(trade(2))
    await client.firings(1)
    delete_book(tmp_path)
    await first.server.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        (cursor,) = base.execute("SELECT value FROM notes WHERE name = 'cursor'").fetchone()
    assert cursor.decode() == first.position(2)


async def test_a_file_that_is_gone_when_the_server_ends_is_written_anew(
    serve: Serve, tmp_path: Path
) -> None:
    first = await serve(state=tmp_path)
    await first.publish(trade(1))
    rule = await Client(first).make(value=1e6)
    delete_book(tmp_path)
    await first.server.close()
    _, page = await Client(await serve(state=tmp_path)).ask("GET")
    assert [each["id"] for each in page["rules"]] == [rule["id"]]


def delete_book(state: Path) -> None:
    for path in state.glob(f"{FILE}*"):
        path.unlink()


async def until_made(client: Client) -> str:
    """Return the id of a rule, made as soon as the disk takes it."""
    while (answer := await client.ask("POST", json={**RULE, "value": 2e6}))[0] != 201:
        assert answer[0] == 503
    return str(answer[1]["id"])


def test_a_book_that_is_locked_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        base.execute("PRAGMA locking_mode = EXCLUSIVE")
        base.execute("CREATE TABLE rules (id TEXT)")
        base.execute("BEGIN EXCLUSIVE")
        connect = sqlite3.connect
        monkeypatch.setattr("feed.alerting.book.sqlite3.connect", lambda path: connect(path, 0.0))
        with pytest.raises(InvalidParameter, match="locked"):
            Book(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


async def test_a_book_that_was_begun_and_never_made_is_made(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        base.execute("PRAGMA journal_mode = WAL")
    book = Book(tmp_path)
    assert book.rows("rules") == []
    await book.close(Changes())
    assert not (tmp_path / f"{FILE}.aside-1").exists()


async def test_a_directory_that_is_missing_is_an_error_of_the_disk(tmp_path: Path) -> None:
    book, changes = Book(tmp_path / "gone"), Changes()
    changes.put("notes", "a", b"b")
    with pytest.raises(sqlite3.OperationalError, match="No such file"):
        await book.commit(changes)
    await book.close(Changes())
