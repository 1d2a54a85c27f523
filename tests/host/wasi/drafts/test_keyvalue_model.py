"""``wasi:keyvalue`` against dictionaries: whatever a component does, in whichever draft, each bucket is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.engine import Engine
from airssys_tui.store.keyvalues.overlay import Overlay
from tests.support.wasi.draft_guest import ATOMICS, BATCH, READ_WRITE, VERSIONS, DraftGuest, drafts_of

BUCKETS = ("", "default", "a/b", "%")
KEYS = st.sampled_from(["", "a", "a/b", "%", "%25", "n\n", "é"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=6
)
VALUES = st.binary(max_size=8) | st.integers(-9, 9).map(lambda number: str(number).encode())
STEPS = st.one_of(
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("exists"), KEYS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("set"), KEYS, VALUES),
    st.tuples(st.just("list"), st.none()),
    st.tuples(st.just("get-many"), st.lists(KEYS, max_size=4)),
    st.tuples(st.just("delete-many"), st.lists(KEYS, max_size=4)),
    st.tuples(st.just("set-many"), st.lists(st.tuples(KEYS, VALUES), max_size=4)),
    st.tuples(st.just("increment"), KEYS, st.integers(0, 5)),
    st.tuples(st.just("swap"), KEYS, VALUES),
)


def some(value: Any) -> Any:
    return None if value is None else Some(value)


def expected(model: dict[str, bytes], step: tuple[Any, ...], version: str) -> Any:
    """Do a step with a dictionary; return what the guest has to answer."""
    match step:
        case "get", key:
            return Ok(some(model.get(key)))
        case "exists", key:
            return Ok(key in model)
        case "list", _:
            return set(model)
        case "get-many", keys:
            return Ok([some((key, model[key]) if key in model else None) for key in keys])
        case "increment", key, delta:
            return counted(model, key, delta, version)
    change(model, *step)
    return Ok()


def change(model: dict[str, bytes], kind: str, *arguments: Any) -> None:
    match kind, *arguments:
        case (("set" | "swap"), key, value):
            model[key] = value
        case "set-many", pairs:
            model.update(pairs)
        case "delete", key:
            model.pop(key, None)
        case "delete-many", keys:
            for key in keys:
                model.pop(key, None)


def counted(model: dict[str, bytes], key: str, delta: int, version: str) -> Any:
    text = model.get(key, b"0")
    digits = text.removeprefix(b"-")
    if not digits or any(byte not in b"0123456789" for byte in digits):
        return Err
    number = int(text) + delta
    if number < 0 and version == "0.2.0-draft":
        return Err
    model[key] = str(number).encode()
    return Ok(number)


def answered(guest: DraftGuest, step: tuple[Any, ...], version: str) -> Any:
    """Do a step across the boundary."""
    kind, *arguments = step
    match kind:
        case "list":
            page = guest.do("list-keys", None).value
            assert (page["cursor"], len(set(page["keys"]))) == (None, len(page["keys"]))
            return set(page["keys"])
        case "get-many" | "set-many" | "delete-many":
            return guest.do(BATCH + kind, *arguments)
        case "increment":
            answer = guest.do(f"{ATOMICS}increment", *arguments)
            return Err if isinstance(answer, Err) else answer
        case "swap" if version == "0.2.0-draft2":
            cas = guest.do(f"{ATOMICS}[static]cas.new", arguments[0]).value
            return guest.call(f"{ATOMICS}swap", cas, arguments[1])
        case "swap":
            return guest.do("set", *arguments)
    return guest.do(kind, *arguments)


@pytest.fixture(scope="module")
def guests(engine: Engine) -> Iterator[dict[str, DraftGuest]]:
    """Give a guest of each draft."""
    made = {version: DraftGuest(engine, drafts_of("keyvalue", version), READ_WRITE) for version in VERSIONS}
    yield made
    for guest in made.values():
        guest.instance.close()


@given(steps=st.lists(st.tuples(st.sampled_from(VERSIONS), st.sampled_from(BUCKETS), STEPS), max_size=25))
@settings(max_examples=60)
def test_each_bucket_is_a_dictionary(
    guests: dict[str, DraftGuest], steps: list[tuple[str, str, tuple[Any, ...]]]
) -> None:
    storage = Overlay()
    models: dict[str, dict[str, bytes]] = {name: {} for name in BUCKETS}
    for guest in guests.values():
        guest.tenant.storage = storage
    for version, name, step in steps:
        guest = guests[version]
        guest.open(name)
        assert answered(guest, step, version) == expected(models[name], step, version)
        guest.drop("bucket", guest.bucket)
    assert storage.usage().keys == sum(map(len, models.values()))
