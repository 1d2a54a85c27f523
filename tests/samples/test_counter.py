"""The counter and its releases."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.guest import Guest, component_file, counter_release, plain, record, version, wasm_tools
from tests.support.places import SAMPLES

RELEASES = ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0")
LARGEST = 2**64 - 1


def counter(release: str = "1.0.0") -> Guest:
    guest = Guest(counter_release(release))
    assert guest.init() is None
    return guest


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    return tomllib.loads((folder / "Component.toml").read_text())


def test_the_sample_is_release_1_0_0() -> None:
    assert component_file("counter").read_bytes() == counter_release("1.0.0").read_bytes()
    assert manifest(SAMPLES / "counter") == manifest(counter_release("1.0.0").parent)


def test_releases_differ() -> None:
    assert len({counter_release(release).read_bytes() for release in RELEASES}) == len(RELEASES)


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_declares_and_describes_itself(release: str) -> None:
    declared = manifest(counter_release(release).parent)["package"]
    described = counter(release).contract("metadata#describe")
    assert declared["version"] == release
    assert declared["description"] == described["description"]


def test_it_counts() -> None:
    guest = counter()
    assert [guest.call("increment", by) for by in (1, 2, 39)] == [1, 3, 42]
    assert guest.call("get") == 42
    guest.call("reset")
    assert guest.call("get") == 0


def test_it_stops_at_the_largest_number() -> None:
    guest = counter()
    assert guest.call("increment", LARGEST) == LARGEST
    assert guest.call("increment", 1) == LARGEST


def test_init_logs_on_the_host() -> None:
    guest = counter()
    assert [(level, message) for level, message, _ in guest.logged] == [("info", "counter is ready")]
    assert list(guest.logged[0][2]) == ["component"]


def test_init_takes_the_longest_version_and_configuration() -> None:
    guest = Guest(component_file("counter"))
    number = record(major=LARGEST, minor=0, patch=1, pre_release="rc.1", build="x" * 64)
    entries = [("key" * 100, '"' + "v" * 60_000 + '"')]
    config = record(id=record(namespace="local", name="counter"), version=number, entries=entries)
    assert guest.contract("lifecycle#init", config) is None
    assert guest.logged[0][2] == {"component": "counter"}
    assert guest.contract("lifecycle#shutdown") is None


def test_operations_do_what_the_exports_do() -> None:
    guest = counter()
    assert [guest.execute("increment", "5"), guest.execute("increment"), guest.execute("get")] == ["5", "6", "6"]
    assert guest.execute("reset") == "0"
    assert guest.call("get") == 0
    assert {operation["name"] for operation in guest.contract("metadata#describe")["operations"]} == {
        "increment",
        "get",
        "reset",
    }


@pytest.mark.parametrize("text", ["-1", "x", "18446744073709551616", " 1", "1.5"])
def test_an_operation_refuses_what_is_no_number(text: str) -> None:
    guest = counter()
    assert guest.execute("increment", text).tag == "invalid-input"
    assert guest.call("get") == 0


def test_an_unknown_operation_is_named() -> None:
    refusal = counter().execute("explode")
    assert (refusal.tag, refusal.payload) == ("unknown-operation", "explode")


@pytest.mark.parametrize("release", ["1.0.0", "1.1.0", "1.3.0", "1.4.0"])
def test_good_releases_are_healthy(release: str) -> None:
    assert counter(release).contract("health#check") == {"status": "healthy", "message": None}


def test_1_2_0_is_unhealthy() -> None:
    assert counter("1.2.0").contract("health#check") == {"status": "unhealthy", "message": "negative count"}


def test_1_1_0_only_adds_to_1_0_0() -> None:
    before, after = (signatures(release) for release in ("1.0.0", "1.1.0"))
    assert after - before == {"stats: func() -> totals"}
    assert before <= after


def test_1_3_0_lacks_reset_and_nothing_else() -> None:
    before, after = (signatures(release) for release in ("1.1.0", "1.3.0"))
    assert before - after == {"reset: func()"}
    assert after <= before
    assert counter("1.3.0").execute("reset").tag == "unknown-operation"


def signatures(release: str) -> set[str]:
    """Give the exports of the world, as WIT says them."""
    text = wasm_tools("component", "wit", counter_release(release))
    return set(re.findall(r"^  export ([^;]+);", text, re.MULTILINE))


def test_the_state_survives_an_update_and_its_rollback() -> None:
    old = counter("1.0.0")
    old.call("increment", 41)
    new = counter("1.1.0")
    assert move(old, new, "1.0.0") is None
    assert new.call("get") == 41
    assert new.call("stats") == {"count": 41, "operations": 0, "largest-step": 0}
    new.call("increment", 1)
    again = counter("1.0.0")
    assert move(new, again, "1.1.0") is None
    assert again.call("increment", 0) == 42


def test_statistics_survive_between_releases_that_have_them() -> None:
    first, second = counter("1.1.0"), counter("1.4.0")
    first.call("increment", 7)
    first.call("reset")
    first.call("increment", 2)
    assert move(first, second, "1.1.0") is None
    assert second.call("stats") == {"count": 2, "operations": 3, "largest-step": 7}


def move(source: Guest, target: Guest, saved_by: str) -> object:
    assert source.contract("state#schema") == target.contract("state#schema") == "counter/1"
    return target.contract("state#load", source.contract("state#save"), version(saved_by))


def test_saving_changes_nothing() -> None:
    guest = counter("1.1.0")
    guest.call("increment", 3)
    assert guest.contract("state#save") == guest.contract("state#save") == "count=3;operations=1;largest-step=3;"


@pytest.mark.parametrize("state", ["count=7;", "count=7", "later=thing;count=7;more=1=2;;", "junk;count=7;unicode=ä"])
def test_unknown_fields_are_skipped(state: str) -> None:
    guest = counter()
    assert guest.contract("state#load", state, version("9.9.9")) is None
    assert guest.call("get") == 7


@pytest.mark.parametrize(
    "state", ["", "operations=3;", "count=;", "count=-1;", "count=18446744073709551616;", "count=1;count=x;"]
)
def test_a_state_that_cannot_be_read_changes_nothing(state: str) -> None:
    guest = counter()
    guest.call("increment", 5)
    assert guest.contract("state#load", state, version("1.0.0")).tag == "invalid-state"
    assert guest.call("get") == 5


def test_large_arguments_do_not_accumulate() -> None:
    guest = Guest(component_file("counter"), memory=1024 * 1024)
    guest.init()
    for _ in range(40):
        assert guest.contract("state#load", "count=1;padding=" + "x" * 500_000, version("1.0.0")) is None
        assert plain(guest.execute("x" * 100_000)).tag == "unknown-operation"
