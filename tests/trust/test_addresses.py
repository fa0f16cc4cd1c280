"""Which addresses count as one."""

import pytest

from feed.trust.addresses import Networks, address_in, place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", ""),
        ("127.9.9.9", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("no address", ""),
    ],
)
def test_an_ipv6_address_counts_with_its_network_and_this_machine_for_nobody(
    address: str, place: str
) -> None:
    assert place_of(address) == place


def test_a_network_has_only_its_own_version() -> None:
    everything = Networks(["0.0.0.0/0"])
    assert address_in("203.0.113.9") in everything
    assert address_in("2001:db8::1") not in everything
    assert None not in everything
    for wrong in ("10.0.0.1/8", "10.0.0.0/33", "feed.example", ""):
        with pytest.raises(ValueError, match=r"."):
            Networks([wrong])
