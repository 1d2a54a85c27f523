"""A real component on ``airssys:ext-network/dns``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airssys_tui.core.types.values import Ok, Variant
from airssys_tui.engine.engine import Engine
from tests.support.network import Guest, guest


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def caller(engine: Engine) -> Iterator[Guest]:
    with guest(engine, "network:connect:*.example.com:443", "network:connect:10.0.0.1:443") as made:
        yield made


def test_the_addresses_of_a_name(caller: Guest) -> None:
    caller.internet.name("api.example.com", ("93.184.216.34", "2606:2800:220:1::1", "10.0.0.1", "fe80::1%eth0"))
    assert caller.ask("resolve", "API.example.com.") == Ok(
        [
            Variant("ipv4", (93, 184, 216, 34)),
            Variant("ipv6", (0x2606, 0x2800, 0x220, 1, 0, 0, 0, 1)),
            Variant("ipv4", (10, 0, 0, 1)),
            Variant("ipv6", (0xFE80, 0, 0, 0, 0, 0, 0, 1)),
        ]
    )
    assert caller.internet.asked == ["api.example.com"]


def test_an_address_is_its_own(caller: Guest) -> None:
    assert caller.ask("resolve", "10.0.0.1") == Ok([Variant("ipv4", (10, 0, 0, 1))])
    assert caller.internet.asked == []


def test_at_most_so_many(caller: Guest) -> None:
    caller.internet.name("api.example.com", tuple(f"93.184.216.{last}" for last in range(100)))
    assert len(caller.ask("resolve", "api.example.com").value) == 32


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("none.example.com", "name-not-resolved"),
        ("example.com", "denied"),
        ("example.org", "denied"),
        ("", "invalid-input"),
        ("a b.example.com", "invalid-input"),
        ("0x7f.1", "invalid-input"),
    ],
)
def test_refusals(caller: Guest, name: str, case: str) -> None:
    assert caller.ask("resolve", name).value.case == case
    assert name == "none.example.com" or caller.internet.asked == [], "nobody was asked"


def test_a_name_with_nothing_but_nonsense_does_not_resolve(caller: Guest) -> None:
    caller.internet.name("api.example.com", ("nonsense", ""))
    assert caller.ask("resolve", "api.example.com").value.case == "name-not-resolved"
