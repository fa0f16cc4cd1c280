"""Recipes for proxies: what they take from the settings of a server."""

from pathlib import Path

import pytest

from feed.errors import InvalidInput
from feed.program.proxies import Front, Proxy, front_of, recipe
from feed.settings.options import Settings


def front(settings: Settings, name: str | None = None) -> Front:
    return front_of(Proxy.NGINX, settings, name=name, port=443, certificate="c.pem", key="k.pem")


@pytest.mark.parametrize("proxy", Proxy)
def test_the_name_and_the_address_are_those_of_the_settings(proxy: Proxy) -> None:
    settings = Settings(port=8_123, allow_host=("*.example.com", "prices.example.com"))
    told = recipe(proxy, front(settings))
    assert "127.0.0.1:8123" in told
    assert "feed serve --allow-host prices.example.com" in told
    assert "*.example.com" not in told


def test_a_name_that_is_given_beats_them() -> None:
    settings = Settings(allow_host=("prices.example.com",))
    assert front(settings, "other.example.com").name == "other.example.com"
    assert front(Settings()).name == "feed.example.com"


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a{", "a\nb", "*.example.com"])
def test_a_name_that_would_be_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"--name: .* is not accepted"):
        front(Settings(), name)


def test_a_server_on_every_address_is_asked_on_this_machine() -> None:
    everywhere = Settings(host="0.0.0.0", allow_anonymous=True)
    assert front(everywhere).server == "127.0.0.1:8080"


@pytest.mark.parametrize("proxy", [Proxy.NGINX, Proxy.HAPROXY])
def test_it_waits_longer_than_the_longest_silence(proxy: Proxy) -> None:
    assert "60s" in recipe(proxy, front(Settings()))
    assert "360s" in recipe(proxy, front(Settings(ping_interval_s=120)))


def test_a_server_whose_health_comes_late_is_not_taken_for_gone() -> None:
    """HAProxy waits as long as it asks often, unless it is told: new readers were refused then."""
    assert "timeout check 10s" in recipe(Proxy.HAPROXY, front(Settings()))


def test_a_server_that_encrypts_wants_no_proxy_that_does(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.touch()
    with pytest.raises(InvalidInput, match="without --tls-cert"):
        front(Settings(tls_cert=certificate))
