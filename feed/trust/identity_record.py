"""An identity as plain data, for another process that trusts this one."""

from functools import lru_cache
from typing import Any

import orjson

from feed.errors import FeedError, InvalidMessage
from feed.trust.identity import Identity, Kind
from feed.wire.grants import Grants

_MOST_GRANTS = 1_024  # that are remembered, as data and as grants


def record_of(identity: Identity, *, grants: bool = True) -> dict[str, Any]:
    """Return an identity as plain data; `grants`: also what it is granted."""
    record: dict[str, Any] = {"kind": identity.kind.value, "id": identity.id, "name": identity.name}
    if identity.expires_wall_ns is not None:
        record["expires"] = identity.expires_wall_ns
    if identity.proof:
        record["proof"] = identity.proof
    if grants:
        record["grants"] = orjson.Fragment(_document(identity.grants))
    return record


def identity_of_record(record: object) -> Identity:
    """Return the identity that `record_of` returned; without grants where it has none.

    Raises:
        InvalidMessage: it is none.
    """
    try:
        assert isinstance(record, dict)
        expires = record.get("expires")
        texts = record["id"], record["name"], record.get("proof", "")
        assert all(isinstance(text, str) for text in texts)
        assert expires is None or type(expires) is int
        document = orjson.dumps(record["grants"]) if "grants" in record else b'{"grants":[]}'
        id_, name, proof = texts
        return Identity(Kind(record["kind"]), id_, name, _grants(document), expires, proof)
    except (AssertionError, LookupError, TypeError, ValueError, FeedError) as error:
        raise InvalidMessage(f"no identity: {type(error).__name__}") from None


@lru_cache(_MOST_GRANTS)
def _document(grants: Grants) -> bytes:
    return orjson.dumps(grants.document())


@lru_cache(_MOST_GRANTS)
def _grants(document: bytes) -> Grants:
    return Grants.of_document(orjson.loads(document))
