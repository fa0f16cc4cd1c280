"""The keys file: what is accepted, where a complaint points, and how it is replaced."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from feed.trust import keys_file
from feed.trust.api_keys import digest_of
from feed.trust.keys_file import InvalidKeysFile, parse_keys, read_keys, rewriting, time_of
from feed.wire.grants import Grants

DIGEST = digest_of("secret")
FILE = Path("keys.toml")
ONE = f"""# of the desk
[[key]]
name = "desk"
id = "fk_0123456789abcdef"
secret_sha256 = "{DIGEST}"
"""
TWO = ONE + ONE.replace("desk", "ops").replace("0123", "3210")


def test_a_row_is_a_key() -> None:
    text = (
        f"{ONE}expires = 2027-01-31T12:00:00+02:00\nadmin = true\ncreated = 1970-01-01T00:00:01Z\n"
    )
    [key] = parse_keys(FILE, text)
    assert (key.id, key.name, key.secret_sha256) == ("fk_0123456789abcdef", "desk", DIGEST)
    assert key.grants == Grants.of_document({"admin": True})
    assert key.created_wall_ns == 1_000_000_000
    assert key.expires_wall_ns is not None
    assert time_of(key.expires_wall_ns).isoformat() == "2027-01-31T10:00:00+00:00"


def test_an_empty_file_has_no_keys() -> None:
    assert len(parse_keys(FILE, "# none yet\n")) == 0


BROKEN: list[tuple[str, int | None, list[str]]] = [
    (f"{TWO}name = 'again'\n", 11, ["not TOML"]),
    ("[[key]]\nname = desk\n", 2, ["not TOML"]),
    (f"{ONE}\n[keys]\n", 7, ["keys", "[[key]] tables only"]),
    ("\nkey = 3\n", 2, ["[[key]] tables"]),
    ("[key]\nname = 'x'\n", 1, ["[[key]] tables"]),
    (TWO.replace('"ops"', '"the ops"'), 8, ["'the ops'", "letters, digits"]),
    (TWO.replace('"ops"', '"ops\\u001b[31m"'), 8, ["letters, digits"]),
    (TWO.replace('"ops"', "3"), 8, ["key 2", "3 is not accepted"]),
    (TWO.replace("fk_3210456789abcdef", "short"), 9, ["12 to 24 letters"]),
    (TWO.replace("3210", "0123"), 9, ["an id that no other key"]),
    (ONE.replace("id =", "ID ="), 4, ["ID is no field", "accepted: the fields admin, ch"]),
    (ONE.replace('id = "fk_0123456789abcdef"\n', ""), 2, ["id is missing"]),
    (f"{ONE}expires = 2027-01-31T12:00:00\n", 6, ["with its offset"]),
    (f"{ONE}expires = '90d'\n", 6, ["with its offset"]),
    (f"{ONE}symbols = {['S' + str(n) for n in range(1_001)]}\n", 2, ["limit of 1000"]),
    (f"{ONE}channels = ['trade']\n", 6, ["channels: 'trade'", "did you mean 'trades'?"]),
    (f"{ONE}admin = 1\n", 6, ["admin: 1", "a valid boolean"]),
]


@pytest.mark.parametrize(("text", "line", "words"), BROKEN)
def test_a_complaint_says_the_line_and_what_is_accepted(
    text: str, line: int | None, words: list[str]
) -> None:
    with pytest.raises(InvalidKeysFile) as refused:
        parse_keys(FILE, text)
    assert refused.value.line == line, str(refused.value)
    assert str(refused.value).startswith(f"keys.toml, line {line}: ")
    for word in words:
        assert word in str(refused.value)
    assert str(refused.value).isprintable()


ID = '"fk_3210456789abcdef"'
EXCESS = "a number of too many digits, or values nested too deep"


@pytest.mark.parametrize(
    ("value", "line", "words"),
    [
        ("[]", 9, "id: [] is not accepted"),
        ("{}", 9, "id: {} is not accepted"),
        ("1" * 5_000, 9, EXCESS),
        ("0x" + "f" * 5_000, 9, "id: 0xffff"),
        ("[" * 3_000 + "]" * 3_000, 9, EXCESS),
        ("{a = " * 3_000 + "1" + "}" * 3_000, 9, EXCESS),
        ("[" * 3_000, 9, EXCESS),
        ("1\nid" + ".a" * 5_000 + " = 1", 10, "not TOML"),
    ],
    ids=["list", "table", "digits", "hex", "lists", "tables", "open", "dots"],
)
def test_a_value_of_any_kind_is_refused_with_its_line(value: str, line: int, words: str) -> None:
    with pytest.raises(InvalidKeysFile) as refused:
        parse_keys(FILE, TWO.replace(ID, value))
    assert refused.value.line == line, str(refused.value)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        ONE.replace(DIGEST, "fs_hunter2-hunter2-hunter2"),
        f"{ONE}secret = 'fs_hunter2-hunter2-hunter2'\n",
        f"{ONE}scret = 'fs_hunter2-hunter2-hunter2'\n",
        f"{ONE}old_secret_sha256 = 'fs_hunter2-hunter2-hunter2'\n",
    ],
)
def test_what_stands_where_a_secret_could_is_never_shown(text: str) -> None:
    with pytest.raises(InvalidKeysFile) as refused:
        parse_keys(FILE, text)
    assert "hunter2" not in str(refused.value)
    assert "secret_sha256" in str(refused.value)


@pytest.mark.parametrize("name", ["desk\\nlevel=info", "\\u001b[2Jdesk", "desk\\u2028x", "a b"])
def test_a_name_cannot_write_lines_into_a_log(name: str) -> None:
    with pytest.raises(InvalidKeysFile, match="letters, digits") as refused:
        parse_keys(FILE, ONE.replace('"desk"', f'"{name}"'))
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: None, "cannot be read (No such file or directory)"),
        (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
        (os.mkfifo, "cannot be read (not a regular file)"),
        (lambda path: path.symlink_to("/dev/zero"), "cannot be read (not a regular file)"),
        (lambda path: path.write_bytes(b"\n\n# \xff\n"), "line 3: not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "keys")
    with pytest.raises(InvalidKeysFile, match=r"keys.*") as refused:
        read_keys(tmp_path / "keys")
    assert words in str(refused.value)


def test_a_file_that_is_too_long_is_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_file, "MAX_FILE_BYTES", 100)
    (tmp_path / "keys").write_text(ONE)
    with pytest.raises(InvalidKeysFile, match="at most 100 bytes"):
        read_keys(tmp_path / "keys")


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    with rewriting(path) as texts:
        assert texts == [""]
        texts[0] = ONE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == ONE


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o666, 0o640), (0o400, 0o400)])
def test_a_file_keeps_its_mode_but_for_what_is_too_much(
    tmp_path: Path, before: int, after: int
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(ONE)
    path.chmod(before)
    with rewriting(path) as texts:
        texts[0] = TWO
    assert stat.S_IMODE(path.stat().st_mode) == after
    assert path.read_text() == TWO


def test_a_file_is_replaced_whole_and_a_link_to_it_stays(tmp_path: Path) -> None:
    path, link = tmp_path / "keys.toml", tmp_path / "link"
    path.write_text(ONE)
    link.symlink_to(path)
    with path.open() as before:
        with rewriting(link) as texts:
            texts[0] = TWO
        assert before.read() == ONE, "whoever was reading it reads it to its end"
    assert link.is_symlink()
    assert path.read_text() == TWO


def test_a_text_that_is_not_accepted_does_not_become_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(ONE)
    with pytest.raises(InvalidKeysFile), rewriting(path) as texts:
        texts[0] = ONE + ONE
    assert path.read_text() == ONE
    assert sorted(path.name for path in tmp_path.iterdir()) == [".keys.toml.lock", "keys.toml"]


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "keys.toml"
    with rewriting(path):
        lock = os.open(tmp_path / ".keys.toml.lock", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
