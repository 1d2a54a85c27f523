"""The samples other than the counter."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from wasmtime import Engine
from wasmtime.component import Component, Variant

from tests.support.guest import Guest, component_file, record
from tests.support.places import SAMPLES

MIB = 1024 * 1024
FOLDERS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
GREETINGS = "airssys:greeter/greetings@1.0.0#"

# -- all of them


def test_the_watched_folder_holds_the_samples() -> None:
    assert FOLDERS == [
        "clockwork",
        "counter",
        "crasher",
        "fetcher",
        "file-tail",
        "git-status",
        "greeter",
        "hoarder",
        "ledger",
        "primes",
        "snoop",
        "visitors",
        "wasi-hello",
        "word-count",
    ]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sample_is_a_manifest_and_one_component(name: str) -> None:
    manifest = tomllib.loads((SAMPLES / name / "Component.toml").read_text())
    assert manifest["package"]["name"] == name
    assert [path.name for path in (SAMPLES / name).glob("*.wasm")] == [manifest["component"]["wasm"]]
    assert component_file(name).stat().st_size < 24_000


@pytest.mark.parametrize("name", [name for name in FOLDERS if name not in {"visitors", "wasi-hello", "word-count"}])
def test_only_the_wasi_samples_need_wasi(name: str) -> None:
    engine = Engine()
    imports = Component(engine, component_file(name).read_bytes()).type.imports(engine)
    assert [imported for imported in imports if imported.startswith("wasi:")] == []


# -- greeter


@pytest.fixture
def greeter() -> Guest:
    guest = Guest(component_file("greeter"), config={"greeting": '"Moin"'})
    assert guest.init() is None
    return guest


def person(**fields: Any) -> Any:
    return record(**{"name": "Grüße", "title": None, "age": None, "languages": [], **fields})


@pytest.mark.parametrize(
    ("configured", "word"),
    [
        ('"Moin"', "Moin"),
        ('"Grüß \\"Gott\\" \\\\o/"', 'Grüß "Gott" \\o/'),
        (None, "Hello"),
        ("17", "Hello"),
        ('"line\\nbreak"', "Hello"),
    ],
)
def test_greeter_takes_its_word_from_the_configuration(configured: str | None, word: str) -> None:
    guest = Guest(component_file("greeter"), config={} if configured is None else {"greeting": configured})
    assert guest.call("hello", "Ada") == f"{word}, Ada!"


@pytest.mark.parametrize("configured", ['""', "17", "[]"])
def test_greeter_refuses_a_word_that_is_none(configured: str) -> None:
    refusal = Guest(component_file("greeter"), config={"greeting": configured}).init()
    assert (refusal.tag, refusal.payload) == ("invalid-config", "greeting must be a text that is not empty")


@pytest.mark.parametrize(
    ("whom", "mood", "expected"),
    [
        (
            {"title": "Dr", "age": 70, "languages": ["de", "en"]},
            "formal",
            {"text": "Moin, Dr Grüße.", "mood": "formal", "wishes": {"health", "long-life"}, "characters": 15},
        ),
        ({"age": 9}, "cheerful", {"text": "Moin, Grüße!", "mood": "cheerful", "wishes": {"wealth"}, "characters": 12}),
        ({}, "tired", {"text": "Grüße...", "mood": "tired", "wishes": set(), "characters": 8}),
    ],
)
def test_greet(greeter: Guest, whom: dict[str, Any], mood: str, expected: dict[str, Any]) -> None:
    assert greeter.call(f"{GREETINGS}greet", person(**whom), mood) == expected


@pytest.mark.parametrize(
    ("whom", "fault"),
    [
        ({"name": ""}, Variant("nameless")),
        ({"name": "ü" * 51}, Variant("too-long", 102)),
        ({"age": 131}, Variant("too-old", 131)),
    ],
)
def test_greet_says_why_not(greeter: Guest, whom: dict[str, Any], fault: Variant) -> None:
    assert greeter.call(f"{GREETINGS}greet", person(**whom), "formal") == fault


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        ("greet-all", ["Ada", "Bö"], ["Moin, Ada!", "Moin, Bö!"]),
        ("greet-all", [], []),
        # This binding hands a variant whose cases differ in type over without its tag.
        ("address", None, "Moin"),
        ("address", person(name="Ada"), "Dear Ada"),
        ("address", ["Ada", "Bo", "Cy"], "Dear Ada, Bo and Cy"),
        ("address", "Rome", "Moin, people of Rome"),
        ("wish", {"health", "wealth", "long-life"}, "health, wealth, a long life"),
        ("wish", {"wealth"}, "wealth"),
        ("wish", set(), None),
        ("measure", "añ€😀", (10, 4)),
        ("initial", "€uro", "€"),
        ("initial", "", None),
        ("reverse", b"\x00\x01\xff", b"\xff\x01\x00"),
        ("mean", [1.0, 2.5], 1.75),
        ("mean", [], "no numbers"),
    ],
)
def test_greeter_values(greeter: Guest, function: str, argument: Any, expected: Any) -> None:
    assert greeter.call(f"{GREETINGS}{function}", argument) == expected


def test_greeter_does_not_accumulate() -> None:
    guest = Guest(component_file("greeter"), config={"greeting": '"Hi"'}, memory=MIB)
    name = "x" * 200_000
    for _ in range(50):
        assert guest.call("hello", name) == f"Hi, {name}!"


# -- primes


def test_primes_counts() -> None:
    guest = Guest(component_file("primes"))
    assert [guest.call("count", limit) for limit in (0, 1, 2, 3, 100, 10_000)] == [0, 0, 1, 2, 25, 1229]
    assert [guest.call("nth", n) for n in (1, 2, 25, 1229)] == [2, 3, 97, 9973]


def test_primes_burns_the_same_fuel_every_time() -> None:
    burnt = []
    for limit in (10_000, 10_000, 20_000):
        guest = Guest(component_file("primes"))
        guest.call("count", limit)
        burnt.append(guest.fuel - guest.store.get_fuel())
    assert burnt[0] == burnt[1] < burnt[2] / 2
    assert burnt[0] > 100_000


def test_primes_spins_until_the_fuel_is_gone() -> None:
    guest = Guest(component_file("primes"), fuel=100_000)
    assert "all fuel consumed" in guest.trap("spin")
    assert guest.store.get_fuel() == 0


def test_primes_has_no_zeroth() -> None:
    assert "unreachable" in Guest(component_file("primes")).trap("nth", 0)


# -- hoarder


def test_hoarder_reports_what_it_has() -> None:
    guest = Guest(component_file("hoarder"), memory=8 * MIB)
    assert guest.call("size") == 65_536
    assert guest.call("grab", 3) == 1
    assert guest.call("size") == 4 * 65_536
    assert guest.call("grab", 1000) == -1
    assert guest.call("size") == 4 * 65_536


def test_hoarder_takes_all_there_is() -> None:
    guest = Guest(component_file("hoarder"), memory=8 * MIB)
    assert guest.call("hog") == 8 * MIB == guest.call("size")
    assert guest.call("grab", 1) == -1


# -- crasher

TRAPS = {
    "unreachable": "wasm `unreachable` instruction executed",
    "out-of-bounds": "out of bounds memory access",
    "stack-overflow": "call stack exhausted",
    "divide-by-zero": "integer divide by zero",
    "integer-overflow": "integer overflow",
    "bad-conversion": "invalid conversion to integer",
    "indirect-null": "uninitialized element",
    "indirect-signature": "indirect call type mismatch",
    "table-out-of-bounds": "undefined element: out of bounds table access",
    "endless-loop": "all fuel consumed by WebAssembly",
    "bad-string": "string pointer/length out of bounds of memory",
}


def crasher() -> Guest:
    guest = Guest(component_file("crasher"), fuel=1_000_000)
    assert guest.init() is None
    return guest


@pytest.mark.parametrize(("function", "reason"), TRAPS.items())
def test_crasher_traps(function: str, reason: str) -> None:
    assert reason in crasher().trap(function)


@pytest.mark.parametrize(("operation", "reason"), {**TRAPS, "bad-string": TRAPS["out-of-bounds"]}.items())
def test_crasher_traps_by_operation(operation: str, reason: str) -> None:
    guest = crasher()
    context = record(request=1, caller=None, time_left=None, trace_id="")
    assert reason in guest.trap("airssys:core-component/execution@1.0.0#execute", operation, "", context)


def test_crasher_is_dead_after_a_trap() -> None:
    guest = crasher()
    guest.trap("unreachable")
    assert "cannot enter component instance" in guest.trap("ok")


def test_crasher_can_be_well() -> None:
    guest = crasher()
    assert guest.call("ok") == 42
    assert [guest.execute(name) for name in ("ok", "table-grow", "memory-grow")] == ["ok"] * 3
    refusals = [guest.execute(name) for name in ("", "okay", "OK", "unreachablE")]
    assert [(refusal.tag, refusal.payload) for refusal in refusals] == [
        ("unknown-operation", name) for name in ("", "okay", "OK", "unreachablE")
    ]
    assert guest.contract("lifecycle#shutdown") is None


def test_crasher_grows_until_it_is_refused() -> None:
    guest = crasher()
    assert guest.call("table-grow", 100) == 0
    assert guest.call("table-grow", 1) == 100
    assert guest.call("table-grow", 1_000_000) == -1
    assert guest.call("memory-grow", 2) == 1
    assert guest.call("memory-grow", 60_000) == -1


def test_crasher_does_not_accumulate() -> None:
    guest = Guest(component_file("crasher"), memory=MIB)
    for _ in range(50):
        assert guest.execute("ok", "x" * 200_000) == "ok"


def test_crasher_operations_are_its_exports() -> None:
    guest = crasher()
    functions = {name for name in guest.exports if "/" not in name}
    assert functions == {*TRAPS, "ok", "table-grow", "memory-grow"}


# -- wasi-hello


def test_wasi_hello_prints_a_line() -> None:
    guest = Guest(component_file("wasi-hello"))
    for _ in range(3):
        assert guest.call("wasi:cli/run@0.2.0#run") == Variant("ok")
    assert b"".join(guest.printed) == b"Hello from a WASI 0.2 component.\n" * 3
