"""Secrets that a server was shown, right and wrong: none is in anything that it tells."""

import time
from pathlib import Path

import orjson

from tests.e2e.conftest import Program, Run
from tests.fakes.keys import KeysFile, auth_of, bearer_of, headers_of
from tests.fakes.raw_http import RawHttp
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Ended
from tests.trust.signing import ISSUER, SECRET, signer

WRONG = "fs_WRONG-secret-of-somebody-who-guesses"


def command_line(pid: int) -> str:
    """Return what the list of processes shows of one; "" where there is no such file."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_text() if path.exists() else ""


async def told(program: Program, path: str, headers: dict[str, str], method: str = "GET") -> str:
    answer = await RawHttp.get(program.address, path, headers, method=method)
    head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    is_stream = answer.status == 200 and "sse" in path
    return head + ("" if is_stream else (await answer.body()).decode())


async def said(program: Program, message: object) -> str:
    """Return all that is said to a message, until it is acknowledged or ends."""
    reader = await WebSocketReader.connect(program.address)
    await reader.begin()
    reader.say(message)
    try:
        return orjson.dumps(await reader.message()).decode()
    except Ended:
        return ""


async def test_no_secret_is_in_logs_metrics_errors_status_or_the_list_of_processes(
    run: Run, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key, gone = keys.add("desk"), keys.add("gone")
    admin = keys.add("ops", admin=True)
    (tmp_path / "secret").write_bytes(SECRET)
    program = await run(
        *("--symbols", "5", "--rate", "100"),
        *("--keys", str(keys.path), "--jwt-issuer", ISSUER),
        *("--jwt-keys", str(tmp_path / "secret")),
    )
    now_s = int(time.time())
    good = signer("HS256").token(exp=now_s + 60, feed={})
    bad = signer("HS256").token(exp=1, feed={"channels": ["nothing"]})
    json = {"Content-Type": "application/json", "Content-Length": "0"}
    asked = await RawHttp.get(program.address, "/v1/tickets", bearer_of(key) | json, method="POST")
    assert asked.status == 201
    ticket = (await asked.document())["ticket"]
    cookie = asked.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    answers = [
        await told(program, path, headers)
        for path in ("/v1/symbols", "/v1/sse?trades=*", "/v1/status?x=1", "/nowhere")
        for headers in (
            headers_of(key),
            headers_of(key) | {"APCA-API-SECRET-KEY": WRONG},
            {"Authorization": f"Bearer {good}"},
            {"Authorization": f"Bearer {bad}"},
            {"Authorization": f"Digest {WRONG}"},
            {"Cookie": f"__Host-feed={cookie}"},
        )
    ]
    answers += [
        await told(program, f"/v1/sse?trades=*&ticket={ticket}", {}),
        await told(
            program, f"/v1/sse?trades=*&ticket={ticket}", {"Origin": "https://evil.example"}
        ),
        await told(program, f"/v1/symbols?token={good}", {}),
    ]
    for message in (
        auth_of(key),
        auth_of(key) | {"secret": WRONG},
        {"action": "auth", "key": WRONG},
        {"action": "auth", "secret": [WRONG]},
        {"action": "auth", "token": good},
        {"action": "auth", "token": bad},
        {"action": "auth", "ticket": ticket},
    ):
        answers.append(await said(program, message))
    keys.path.write_text(f"{keys.path.read_text()}secret = '{gone.secret}'\n")
    await program.until_metric("feed_keys_file_broken", 1)
    for path in ("/metrics", "/v1/status", "/v1/status/history"):
        answers.append(await told(program, path, headers_of(key)))
    connections = ("", "?identity=desk", *(f"/{number}" for number in range(1, 12)))
    seen = [
        await told(program, f"/v1/admin/connections{which}", headers_of(admin))
        for which in connections
    ]
    assert any('"record"' in each and '"name":"desk"' in each for each in seen)
    answers += seen
    processes = command_line(program.process.pid)
    program.terminate()
    _, log = await program.ended()
    assert '"desk"' in log
    assert "keys_refused" in log
    all_of_it = "\n".join([*answers, log, processes])
    signed = [text.rpartition(".")[2] for text in (good, bad)]
    for secret in (
        key.secret,
        gone.secret,
        admin.secret,
        WRONG,
        SECRET.decode(),
        ticket,
        cookie,
        *signed,
    ):
        assert secret not in all_of_it
