"""`feed key`: what is printed, what is in the file, and what is refused."""

import re
import tomllib
from pathlib import Path

import pytest

from feed.cli.commands import run
from feed.errors import CredentialRefused
from feed.trust.api_keys import digest_of
from feed.trust.credentials import KeyPair
from feed.trust.keys_file import read_keys

FAR = 4_000_000_000_000_000_000  # 2096


class Keys:
    """A keys file, and what `feed key` said last."""

    def __init__(self, path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.err = ""
        self._capfd = capfd

    def run(self, *arguments: str) -> tuple[int, list[str]]:
        status = run(["key", *arguments, "--keys", str(self.path)])
        out, self.err = self._capfd.readouterr()
        return status, out.splitlines()

    def made(self, *arguments: str) -> KeyPair:
        status, lines = self.run(*arguments)
        assert status == 0, self.err
        assert len(lines) == 2
        key_id = re.fullmatch(r"id: ([\w-]{12,24})", lines[0])
        secret = re.fullmatch(r"secret: ([\w-]{32,})", lines[1])
        assert key_id
        assert secret
        assert secret[1] not in self.err
        assert secret[1] not in self.path.read_text()
        return KeyPair(key_id[1], secret[1])

    def accepts(self, shown: KeyPair, wall_ns: int = FAR) -> bool:
        try:
            return read_keys(self.path).authenticate(shown, wall_ns).id == shown.id
        except CredentialRefused:
            return False


@pytest.fixture
def keys(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Keys:
    return Keys(tmp_path / "keys.toml", capfd)


def test_a_key_is_told_once_and_kept_as_a_digest(keys: Keys) -> None:
    made = keys.made("new", "desk")
    assert keys.accepts(made)
    [row] = tomllib.loads(keys.path.read_text())["key"]
    assert (row["name"], row["id"]) == ("desk", made.id)
    assert row["secret_sha256"] == digest_of(made.secret)


def test_grants_and_the_end_stand_in_the_file(keys: Keys) -> None:
    made = keys.made(
        *("new", "desk", "--channels", "trades,quotes", "--symbols", "AAPL,BTC/*"),
        *("--grant", "bars=*", "--expires", "2090-01-01", "--admin"),
    )
    [row] = tomllib.loads(keys.path.read_text())["key"]
    assert (row["channels"], row["symbols"]) == (["trades", "quotes"], ["AAPL", "BTC/*"])
    assert (row["grants"], row["admin"]) == (["bars=*"], True)
    assert row["expires"].isoformat() == "2090-01-01T00:00:00+00:00"
    assert not keys.accepts(made), "it has ended by 2096"


def test_keys_are_appended_to_what_people_wrote(keys: Keys) -> None:
    keys.path.write_text("# ours")
    first, second = keys.made("new", "one"), keys.made("new", "two")
    assert keys.path.read_text().startswith('# ours\n\n[[key]]\nname = "one"\n')
    assert keys.accepts(first)
    assert keys.accepts(second)


def test_a_revoked_key_stays_in_the_file_and_is_not_accepted(keys: Keys) -> None:
    one, other = keys.made("new", "one"), keys.made("new", "other")
    assert keys.run("revoke", "one")[0] == 0
    assert not keys.accepts(one)
    assert keys.accepts(other)
    assert keys.run("revoke", "one")[0] == 2
    assert keys.err.startswith(
        "feed: KEY: 'one' is not accepted; accepted: the id or name of a key"
    )
    assert keys.made("new", "one").id != one.id, "its name is free again"


def test_a_rotated_key_has_another_secret_and_all_else_as_before(keys: Keys) -> None:
    old = keys.made("new", "desk", "--admin")
    new = keys.made("rotate", "desk", "--overlap", "1h")
    assert new.id == old.id
    assert new.secret != old.secret
    [key] = read_keys(keys.path)
    assert key.grants.admin
    assert keys.accepts(new)
    assert not keys.accepts(old), "an hour from now is over by 2096"
    assert keys.accepts(old, 0), "within that hour both are accepted"
    newest = keys.made("rotate", old.id)
    assert keys.accepts(newest)
    assert not keys.accepts(new, 0)
    assert not keys.accepts(old, 0), "without an overlap no other is"


def test_the_list_shows_states_and_no_digest(keys: Keys) -> None:
    gone, kept = keys.made("new", "gone"), keys.made("new", "kept", "--expires", "2090-01-01")
    keys.run("revoke", gone.id)
    status, lines = keys.run("list")
    assert status == 0
    assert lines[0].split() == ["ID", "NAME", "STATE", "CREATED", "EXPIRES"]
    assert lines[1].split()[:3] == [gone.id, "gone", "revoked"]
    assert lines[2].split()[:3] == [kept.id, "kept", "accepted"]
    assert lines[2].endswith("2090-01-01T00:00Z")
    assert digest_of(kept.secret) not in "".join(lines)


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["new", "de sk"], "feed: NAME: 'de sk' is not accepted; accepted: 1 to 64 letters"),
        (["new", "x\n{}"], "feed: NAME: 'x\\n{}' is not accepted"),
        (["new", "desk"], "feed: NAME: 'desk' is not accepted; accepted: a name of no other key"),
        (["new", "x", "--expires", "soon"], "feed: --expires: 'soon' is not accepted"),
        (["rotate", "nobody"], "feed: KEY: 'nobody' is not accepted"),
        (["rotate", "desk", "--overlap", "x"], "feed: --overlap: 'x' is not accepted"),
    ],
)
def test_what_is_refused_is_one_line_status_2_and_no_change(
    keys: Keys, arguments: list[str], start: str
) -> None:
    keys.made("new", "desk")
    before = keys.path.read_text()
    status, lines = keys.run(*arguments)
    assert (status, lines) == (2, [])
    assert keys.err.startswith(start), keys.err
    assert len(keys.err.splitlines()) == 1
    assert keys.path.read_text() == before


def test_a_broken_file_is_not_written_to(keys: Keys) -> None:
    keys.path.write_text("[[key]]\nname = 'desk'\n")
    assert keys.run("new", "ops")[0] == 2
    assert "keys.toml, line 1: key 'desk': id is missing" in keys.err
    assert keys.path.read_text() == "[[key]]\nname = 'desk'\n"


@pytest.mark.parametrize("value", ["[]", "{}", "1" * 5_000, "[" * 3_000], ids=len)
def test_an_odd_row_is_told_with_its_line(keys: Keys, value: str) -> None:
    keys.path.write_text(f"[[key]]\nid = {value}\n")
    for arguments in (["list"], ["new", "desk"]):
        status, lines = keys.run(*arguments)
        assert (status, lines) == (2, [])
        assert keys.err.startswith(f"feed: {keys.path}, line 2: ")
        assert keys.err.count("\n") == 1
