"""The address of a cluster."""

import pytest

from feed.cluster.address import BusAddress
from feed.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "servers", "name"),
    [
        ("nats://h", ("nats://h:4222",), "feed"),
        ("nats://h:1/", ("nats://h:1",), "feed"),
        ("nats://a:1,b:2/eu-1", ("nats://a:1", "nats://b:2"), "eu-1"),
        ("nats://[::1]:1/x", ("nats://[::1]:1",), "x"),
    ],
)
def test_an_address_names_servers_and_a_cluster(
    text: str, servers: tuple[str, ...], name: str
) -> None:
    address = BusAddress.parse(text, "source")
    assert (address.servers, address.names.cluster) == (servers, name)
    assert BusAddress.parse(str(address), "source") == address


@pytest.mark.parametrize(
    "text",
    [
        "nats://",
        "nats:///x",
        "nats://h,/x",
        "nats://h:0",
        "nats://h:99999",
        "nats://h:x",
        "nats://u:p@h/x",
        "nats://h/a.b",
        "nats://h/a/b",
        "http://h",
        "tls://h",
        "h:4222",
        "nats://h/x?y=1",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="source"):
        BusAddress.parse(text, "source")


def test_all_that_a_cluster_has_is_named_after_it() -> None:
    names = BusAddress.parse("nats://h/eu", "source").names
    assert (names.stream, names.subject) == ("eu", "eu.events")
    assert (names.lead, names.news, names.state) == ("eu-lead", "eu-news", "eu-state")
