"""The ledger: accounts that outlive everything, transfers that happen whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from airssys_tui.api.commands import Restart
from airssys_tui.core.types.values import Err, Ok, Some
from tests.support.places import SAMPLES
from tests.support.world import PATIENCE, World


@pytest.fixture
def ledger(world: World) -> World:
    world.put("ledger", SAMPLES / "ledger")
    world.open()
    return world


def ask(world: World, export: str, *args: Any) -> Any:
    return world.call("ledger", export, *args)


def test_money_moves_and_none_is_lost(ledger: World) -> None:
    assert ask(ledger, "deposit", "ada", 500) == Ok(500)
    assert ask(ledger, "deposit", "bob", 20) == Ok(20)
    assert ask(ledger, "deposit", "ada", 1) == Ok(501)
    assert ask(ledger, "transfer", "ada", "bob", 100) == Ok()
    assert ask(ledger, "accounts") == Ok([{"account": "ada", "cents": 401}, {"account": "bob", "cents": 120}])
    assert ask(ledger, "transfer", "ada", "ada", 401) == Ok()
    assert ask(ledger, "balance-of", "ada") == Ok(Some(401))
    counted = {one.name: one.value for one in ledger.runtime.meters("ledger").result(PATIENCE).custom}
    assert counted == {"deposits": 3, "transfers": 1}


@pytest.mark.parametrize(
    ("export", "args", "why"),
    [
        ("transfer", ("ada", "bob", 501), "there is not enough on it"),
        ("transfer", ("ada", "eve", 1), "there is no such account"),
        ("transfer", ("eve", "ada", 1), "there is no such account"),
        ("transfer", ("ada", "rich", 1), "that is more than an account can hold"),
        ("deposit", ("rich", 1), "that is more than an account can hold"),
        ("deposit", ("", 1), "the name of an account has 1 to 100 bytes"),
        ("deposit", ("x" * 101, 1), "the name of an account has 1 to 100 bytes"),
        ("deposit", ("a\nb", 1), "the key contains a control character"),
        ("close", ("ada",), "there is still something on it"),
        ("close", ("eve",), "there is no such account"),
    ],
)
def test_what_cannot_be_done_says_why_and_moves_nothing(
    ledger: World, export: str, args: tuple[Any, ...], why: str
) -> None:
    for account, cents in (("ada", 500), ("bob", 0), ("rich", 2**64 - 1)):
        ask(ledger, "deposit", account, cents)
    before = ask(ledger, "accounts")
    assert ask(ledger, export, *args) == Err(why)
    assert ask(ledger, "accounts") == before


def test_accounts_outlive_restarts_and_crashes(ledger: World) -> None:
    ask(ledger, "deposit", "ada", 500)
    ledger.do(Restart("ledger"))
    assert ask(ledger, "balance-of", "ada") == Ok(Some(500))
    ledger.crash()
    assert ask(ledger, "balance-of", "ada") == Ok(Some(500))
    assert ask(ledger, "balance-of", "bob") == Ok(None)


def test_an_empty_account_can_be_closed(ledger: World) -> None:
    ask(ledger, "deposit", "ada", 0)
    assert ask(ledger, "close", "ada") == Ok()
    assert ask(ledger, "accounts") == Ok([])


def test_a_ledger_that_may_not_store_says_what_it_lacks(world: World) -> None:
    world.put("ledger", (SAMPLES / "ledger" / "ledger.wasm").read_bytes())
    world.open()
    said = ask(world, "deposit", "ada", 1)
    assert said == Err('undeclared: storage = "read" under [capabilities] in the manifest would allow it')
