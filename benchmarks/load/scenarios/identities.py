"""Identities: what do keys, grants and tokens cost?

The same load in one lane, where everybody is anonymous, and where everybody shows a key whose grant
is a list of globs. And connections alone, anonymous, and with a token of their own each: on a
server that has seen nobody, and on one that all of them have left just now, and come back to.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from string import ascii_uppercase

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from feed.trust.key_changes import add_key
from feed.trust.tokens import CLAIM

from ..comparison import compare
from ..feed_server import Admission, Options, Subscription
from ..outcome import Outcome, Sample, at_most, find
from ..plan import Group, Opening
from ..stage import Case, Stage, Target

SUBSCRIBERS = 2_000
RATE = 320  # ticks/s: 8 a frame, 1 kB of JSON
BATCH_MS = 25
RATE_OF_COMERS = 1  # ticks/s: frames take hardly any of the time in which they connect
SETTLE_S = 1.5  # in which the last that has connected is answered as well
AIM_FRAME = 1.03
AIM_CONNECT = 1.3
ANONYMOUS, KEYS = "feed, anonymous", "feed, keys and grants"
COMING, AGAIN = "feed, connecting", " again"
ALGORITHMS = ("HS256", "RS256")
_GLOBS = [f"{letter}*" for letter in ascii_uppercase]  # which are all symbols
_ISSUER = "bench"
_LIFE_S = 3_600
_SECRET = "a-secret-of-the-benchmarks-own-which-is-long-enough"
_RSA_BITS, _RSA_EXPONENT = 2_048, 65_537


def connect_us(sample: Sample) -> float:
    """Return the server's CPU time per connection, in microseconds."""
    count = sum(group.count for group in sample.result.groups)
    return sample.result.connect_cpu_s * 1e6 / count if count else 0.0


def run(
    stage: Stage, algorithms: Sequence[str] = ALGORITHMS, settle_s: float = SETTLE_S
) -> Outcome:
    """Measure frames with and without keys, then connections with and without tokens."""
    count = stage.settings.subscribers or SUBSCRIBERS
    options = Options(stage.settings.rate or RATE, BATCH_MS)
    comers = Options(RATE_OF_COMERS, BATCH_MS)
    missing = "" if stage.settings.url is None else "a server that runs has identities of its own"
    keys = replace(options, admission=_keys(stage.folder))
    reading = Subscription()
    coming = {"anonymous": stage.ours(COMING, count, reading, comers, validate=False).start}
    for algorithm in algorithms:
        coming[algorithm] = _with_tokens(stage, algorithm, count, comers)
    cases = [
        stage.ours(ANONYMOUS, count, reading, options),
        replace(stage.ours(KEYS, count, reading, keys), missing=missing),
    ]
    for again in (False, True):
        for who, start in coming.items():
            unknown = missing if who in algorithms else ""
            visits = _visits(stage, start, settle_s, again=again)
            cases.append(Case(_row(who, again), visits, ours=True, missing=unknown))
    title = f"{count:,} subscribers in one lane, {stage.pace(options.rate)}; and their connecting"
    rows = stage.compare(title, cases)
    cost = compare(find(rows, KEYS), find(rows, ANONYMOUS))
    aims = [at_most("CPU per frame, keys and grants ÷ anonymous", cost, AIM_FRAME, missing)]
    for algorithm in algorithms:
        for again in (False, True):
            theirs, plain = (find(rows, _row(who, again)) for who in (algorithm, "anonymous"))
            ratio = compare(theirs, plain, connect_us)
            what = f"CPU per connection{AGAIN if again else ''}, a JWT by {algorithm} ÷ anonymous"
            aims.append(at_most(what, ratio, AIM_CONNECT, missing))
    notes = [
        f"{row.name}: {row.median(connect_us):,.0f} µs of CPU per connection"
        for row in rows
        if row.name.startswith(COMING) and row.samples
    ]
    return Outcome("identities", title, rows, aims, notes)


def _row(who: str, again: bool) -> str:
    return f"{COMING}{AGAIN if again else ''}, {who}"


def _visits(
    stage: Stage,
    start: Callable[[], AbstractContextManager[Target]],
    settle_s: float,
    *,
    again: bool,
) -> Callable[[], AbstractContextManager[Target]]:
    """Let all of them connect, and be served; and leave before that, to come back, if `again`."""

    @contextmanager
    def start_visits() -> Iterator[Target]:
        with start() as target:
            visits = replace(target, settle_s=settle_s)
            if again:
                stage.run(visits)
            yield visits

    return start_visits


def _keys(folder: Path) -> Admission:
    """Make a keys file with one key, which is granted every symbol by globs."""
    path = folder / "keys.toml"
    path.unlink(missing_ok=True)
    grants = {"symbols": _GLOBS}
    made = add_key(path, "bench", wall_ns=time.time_ns(), expires_wall_ns=None, grants=grants)
    bearer = {"Authorization": f"Bearer {made.id}.{made.secret}"}
    return Admission(("--keys", str(path)), bearer)


def _with_tokens(
    stage: Stage, algorithm: str, count: int, options: Options
) -> Callable[[], AbstractContextManager[Target]]:
    file = stage.folder / f"{algorithm}.key"
    arguments = ("--jwt-keys", str(file), "--jwt-issuer", _ISSUER)

    @contextmanager
    def start() -> Iterator[Target]:
        ours, *theirs = _tokens(algorithm, file, count + 1)
        admission = Admission(arguments, {"Authorization": f"Bearer {ours}"})
        with stage.server(replace(options, admission=admission)) as server:
            group = server.group(algorithm, count, Subscription())
            openings = tuple(_opening(group, token) for token in theirs)
            yield Target((replace(group, headers={}, openings=openings),), server.pids)

    return start


def _tokens(algorithm: str, file: Path, count: int) -> list[str]:
    """Sign tokens of so many subjects with a key of their own, which a server reads from a file."""
    key: str | RSAPrivateKey = _SECRET
    if algorithm == "RS256":
        key = generate_private_key(_RSA_EXPONENT, _RSA_BITS)
        form = PublicFormat.SubjectPublicKeyInfo
        file.write_bytes(key.public_key().public_bytes(Encoding.PEM, form))
    else:
        file.write_text(_SECRET)
    claims = {"iss": _ISSUER, "aud": "feed", "exp": int(time.time()) + _LIFE_S, CLAIM: {}}
    return [
        jwt.encode({**claims, "sub": f"reader-{number}"}, key, algorithm) for number in range(count)
    ]


def _opening(group: Group, token: str) -> Opening:
    """Return how a subscriber begins that says who it is over its WebSocket, as our clients do."""
    (plain,) = group.openings
    return replace(plain, hello=(orjson.dumps({"action": "auth", "token": token}), *plain.hello))
