"""Who asks behind proxies: what a stranger says in their headers never counts."""

import pytest
from multidict import CIMultiDict

from feed.trust.forwarding import Caller, TrustedProxies

PROXY, BALANCER, CLIENT, LIAR = "10.0.0.1", "10.0.0.2", "203.0.113.9", "198.51.100.66"
TRUSTED = TrustedProxies(["10.0.0.0/8", "fd00::/8"])
FOR = "X-Forwarded-For"


def caller(*headers: tuple[str, str], proxies: TrustedProxies = TRUSTED) -> Caller:
    return proxies.caller(PROXY, CIMultiDict(headers))


def test_a_network_is_trusted_and_nobody_else() -> None:
    assert [TRUSTED.trusts(peer) for peer in (PROXY, BALANCER, "fd00::1", "::ffff:10.9.9.9")] == [
        *(True,) * 4
    ]
    assert not any(map(TRUSTED.trusts, (CLIENT, "2001:db8::1", "", "localhost", "10.0.0.1.evil")))
    assert not TrustedProxies().trusts("127.0.0.1")
    assert TrustedProxies(["::ffff:10.0.0.0/104"]).trusts(PROXY)


@pytest.mark.parametrize(
    ("told", "address"),
    [
        (CLIENT, CLIENT),
        (f"{LIAR}, {CLIENT}", CLIENT),
        (f"127.0.0.1, {CLIENT}", CLIENT),
        (f"{LIAR}, {CLIENT}, {BALANCER}", CLIENT),
        (f"{LIAR},{CLIENT},{BALANCER},{PROXY}", CLIENT),
        (f"{PROXY}, {BALANCER}", PROXY),  # the client is a proxy itself
        (f"{CLIENT}:4711", CLIENT),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        (f"::ffff:{CLIENT}", CLIENT),
        ("unknown", PROXY),
        ("", PROXY),
        (f"{CLIENT}, unknown", PROXY),
        (f"{CLIENT}, unknown, {BALANCER}", BALANCER),
        (f"{LIAR}, <script>, {BALANCER}", BALANCER),
        (", ".join([LIAR] * 1_000 + [CLIENT]), CLIENT),
        (", ".join([LIAR] + [BALANCER] * 1_000), BALANCER),
    ],
)
def test_the_last_hop_that_is_not_trusted_is_who_asks(told: str, address: str) -> None:
    assert caller((FOR, told)).address == address


def test_lines_of_one_header_are_one_list() -> None:
    assert caller((FOR, LIAR), (FOR, CLIENT), (FOR, BALANCER)).address == CLIENT


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (f"for={CLIENT}", Caller(CLIENT, forwarded=True)),
        (f"for={LIAR}, for={CLIENT}", Caller(CLIENT, forwarded=True)),
        (
            f'FOR="{CLIENT}:80";Proto=HTTPS;host="feed.example:8443"',
            Caller(CLIENT, "https", "feed.example:8443", forwarded=True),
        ),
        (
            f"for={CLIENT};proto=https;host=a.example, for={BALANCER};proto=http;host=b",
            Caller(CLIENT, "https", "a.example", forwarded=True),
        ),
        ('for="[2001:db8::7]:4711"', Caller("2001:db8::7", forwarded=True)),
        ('for="_hidden"', Caller(PROXY, forwarded=True)),
        ("proto=https", Caller(PROXY, "https", forwarded=True)),
        (f'for="{CLIENT}', Caller(PROXY, forwarded=True)),  # it cannot be read as a whole
        (f"for={CLIENT};;", Caller(PROXY, forwarded=True)),
        (f"for={CLIENT};FOR={LIAR}", Caller(PROXY, forwarded=True)),
        (f'for={LIAR};x=", for={CLIENT}', Caller(PROXY, forwarded=True)),
        (r'for="\1\0.1.2.3"', Caller("10.1.2.3", forwarded=True)),
    ],
)
def test_forwarded_tells_the_client_with_its_scheme_and_host(told: str, expected: Caller) -> None:
    assert caller(("Forwarded", told)) == expected


def test_a_comma_in_a_quoted_text_ends_no_hop() -> None:
    told = f'for={CLIENT};host="a, for={LIAR}"'
    assert caller(("Forwarded", told)).address == CLIENT


def test_the_kind_of_header_that_a_proxy_does_not_speak_cannot_be_used_to_lie() -> None:
    """It hands that on as it came; whichever kind is believed alone, the other one is a lie."""
    for mine, lie in (
        ((FOR, CLIENT), ("Forwarded", f"for={LIAR}")),
        (("Forwarded", f"for={CLIENT}"), (FOR, "127.0.0.1")),
    ):
        assert caller(mine, lie) == Caller(PROXY, forwarded=True)
    assert caller((FOR, CLIENT), ("Forwarded", f"for={CLIENT}")).address == CLIENT


@pytest.mark.parametrize("broken", ['for="', f"for={LIAR};;", ", for=1.2.3.4", "\x7f"])
def test_what_cannot_be_read_makes_nobody_believe_the_other_kind(broken: str) -> None:
    """Else whoever breaks what their proxy appends to is believed in what it hands on."""
    lie = (FOR, LIAR)
    assert caller(("Forwarded", f"{broken}, for={CLIENT}"), lie) == Caller(PROXY, forwarded=True)
    assert caller(("Forwarded", broken), ("Forwarded", f"for={CLIENT}"), lie).address == PROXY


def test_a_proxy_on_this_machine_is_counted_where_it_stands_for_somebody() -> None:
    """Programs on this machine count for nobody; whoever makes a proxy unsure is none of them."""
    proxies = TrustedProxies(["127.0.0.0/8"])
    unsure = CIMultiDict([(FOR, CLIENT), ("Forwarded", f"for={LIAR}")])
    for headers in (unsure, CIMultiDict([("Forwarded", 'for="')]), CIMultiDict([(FOR, "unknown")])):
        assert proxies.caller("127.0.0.1", headers).place == "127.0.0.1"
    assert proxies.caller("127.0.0.1", CIMultiDict([(FOR, "::1")])).place == "::/64"
    assert proxies.caller("127.0.0.1", CIMultiDict([(FOR, CLIENT)])).place == CLIENT
    assert proxies.caller("127.0.0.1", CIMultiDict()).place == ""


def test_scheme_host_and_prefix_are_those_of_the_last_proxy() -> None:
    headers = [
        (FOR, CLIENT),
        ("X-Forwarded-Proto", "http, https"),
        ("X-Forwarded-Host", "lie.example, feed.example"),
        ("X-Forwarded-Prefix", "/prices/"),
    ]
    assert caller(*headers) == Caller(CLIENT, "https", "feed.example", "/prices", forwarded=True)
    hops = [(FOR, f"{CLIENT}, {BALANCER}"), ("X-Forwarded-Proto", "https, http")]
    assert caller(*hops).scheme == "https", "the client's own hop"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Host", "a b"),
        ("X-Forwarded-Host", "a.example/<script>"),
        ("X-Forwarded-Host", "a" * 256),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Forwarded-Prefix", "evil.example"),
        ("X-Forwarded-Prefix", '/"><script>'),
        ("X-Forwarded-Prefix", "/a" * 128),
    ],
)
def test_what_is_no_scheme_host_or_prefix_is_not_taken(name: str, value: str) -> None:
    assert caller((FOR, CLIENT), (name, value)) == Caller(CLIENT, forwarded=True)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([CLIENT], Caller(CLIENT, forwarded=True)),
        (["[2001:db8::7]:4711"], Caller("2001:db8::7", forwarded=True)),
        ([BALANCER], Caller(BALANCER, forwarded=True)),
        (["unknown"], Caller(PROXY, forwarded=True)),
        ([""], Caller(PROXY, forwarded=True)),
        ([f"{LIAR}, {CLIENT}"], Caller(PROXY, forwarded=True)),  # it is one address, and no list
        ([CLIENT, CLIENT], Caller(PROXY, forwarded=True)),
        ([], Caller(PROXY)),
    ],
)
def test_a_proxy_that_tells_the_real_address_alone_is_believed(
    told: list[str], expected: Caller
) -> None:
    assert caller(*[("X-Real-IP", each) for each in told]) == expected
    if told == [CLIENT]:
        assert caller(("X-Real-IP", CLIENT), ("X-Forwarded-Proto", "https")).scheme == "https"


@pytest.mark.parametrize(
    "beside", [(FOR, CLIENT), ("Forwarded", f"for={CLIENT}"), (FOR, "unknown"), ("Forwarded", "")]
)
def test_a_real_address_beside_what_proxies_append_to_is_a_strangers(
    beside: tuple[str, str],
) -> None:
    """Proxies that append to the others may hand it on as it came."""
    assert caller(beside, ("X-Real-IP", LIAR)) == caller(beside)
