"""Webhooks go to public addresses alone, however others are spelled."""

import zlib

import pytest

from feed.alerting.addresses import check_url, is_public
from feed.errors import InvalidParameter

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "fe80::1",
    "fe80::1%lo",
    "fc00::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "localhost",
]
SPELLED = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0/",
    "http://127.0.0.1./",
    "http://localhost/",
    "http://a.LOCALHOST./",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://169.254.169.254/latest",
    "http://0x7f.1/",
    "http://192.168.257/",
]
BROKEN = [
    "ftp://example.com/",
    "file:///etc/passwd",
    "http:///",
    "example.com",
    "http://a:b@example.com/",
    "http://example.com/#x",
    "http://example.com:99999/",
    "gopher://example.com",
    "http://[::1",
]


def _number(text: str) -> str:
    """Name a case: some addresses look as if they were of memory."""
    return str(zlib.crc32(text.encode()))


@pytest.mark.parametrize("address", PRIVATE, ids=_number)
def test_an_address_that_is_not_of_everybody_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"], ids=_number)
def test_an_address_of_everybody_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", SPELLED, ids=_number)
def test_a_private_address_is_refused_in_every_spelling(url: str) -> None:
    with pytest.raises(InvalidParameter, match="alerts-allow-private"):
        check_url(url, allow_private=False)
    check_url(url, allow_private=True)


@pytest.mark.parametrize("url", [*BROKEN, "http://example.com/" + "a" * 2_048], ids=_number)
def test_what_is_no_url_for_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(InvalidParameter, match="http or https"):
        check_url(url, allow_private=True)
