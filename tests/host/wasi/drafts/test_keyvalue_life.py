"""A component keeps its values in ``wasi:keyvalue``: over reloads, rollbacks, restarts, crashes, and from others."""

from __future__ import annotations

from typing import Any

import pytest

from airssys_tui.api.commands import Restart, Rollback
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from tests.support.toolchains import has_python_toolchain, python_visits
from tests.support.wasi.draft_guest import drafts_of
from tests.support.wasi.passing_guest import export_of, passing_guest
from tests.support.world import World

GUEST = passing_guest(*drafts_of("keyvalue", "0.2.0-draft2"), "config/store@0.2.0-rc.1", "logging/logging")
SALTED = GUEST + b"\0\x05\x04salt"
"""The same component with another digest."""

ALLOWED = '[capabilities]\nstorage = "read-write"\n'
NAME = "keeper"


def ask(world: World, function: str, *arguments: Any, name: str = NAME) -> Any:
    return world.call(name, export_of(function), *arguments)


def in_bucket(world: World, function: str, *arguments: Any, name: str = NAME, bucket: str = "default") -> Any:
    """Open a bucket and call one of its functions; the handle stays open."""
    handle = ask(world, "keyvalue/store#open", bucket, name=name).value
    return ask(
        world,
        function if "#" in function else f"keyvalue/store#[method]bucket.{function}",
        handle,
        *arguments,
        name=name,
    )


@pytest.fixture
def keeper(world: World) -> World:
    world.put(NAME, GUEST, ALLOWED + '[config]\ngreeting = "hi"\n', version="1.0.0")
    world.open()
    return world


def test_values_outlive_instances_reloads_rollbacks_processes_and_crashes(keeper: World) -> None:
    assert in_bucket(keeper, "set", "k", b"\0\xff") == Ok()
    kept = Ok(Some(b"\0\xff"))
    keeper.do(Restart(NAME))
    assert in_bucket(keeper, "get", "k") == kept
    keeper.install(NAME, SALTED, ALLOWED + '[config]\ngreeting = "ho"\n', version="1.1.0")
    assert keeper.row(NAME).revision == 2
    assert in_bucket(keeper, "get", "k") == kept
    assert ask(keeper, "config/store#get", "greeting") == Ok(Some("ho"))
    assert in_bucket(keeper, "keyvalue/atomics#increment", "n", 2) == Ok(2)
    keeper.do(Rollback(NAME, to=1))
    assert in_bucket(keeper, "keyvalue/atomics#increment", "n", 1) == Ok(3)  # a rollback takes no change back
    assert ask(keeper, "config/store#get", "greeting") == Ok(Some("hi"))
    keeper.reopen()
    assert in_bucket(keeper, "get", "n") == Ok(Some(b"3"))
    keeper.crash()
    assert in_bucket(keeper, "list-keys", None) == Ok({"keys": ["k", "n"], "cursor": None})


def test_nobody_reaches_the_bucket_of_another_component(keeper: World) -> None:
    keeper.install("thief", GUEST, ALLOWED)
    assert in_bucket(keeper, "set", "secret", b"mine") == Ok()
    names = (
        "default",
        "keeper/default",
        "../keeper/kv/default",
        "local/keeper",
        "kv/default",
        "",
        "default/",
        "%2e%2e",
    )
    for bucket in names:
        for key in ("secret", "../default/secret", "kv/default/secret", "\0secret"):
            assert in_bucket(keeper, "get", key, name="thief", bucket=bucket) == Ok(None)
        assert in_bucket(keeper, "list-keys", Some("../"), name="thief", bucket=bucket) == Ok(
            {"keys": [], "cursor": None}
        )
        assert in_bucket(keeper, "set", "secret", b"theirs", name="thief", bucket=bucket) == Ok()
        assert in_bucket(keeper, "delete", "secret", name="thief", bucket=bucket) == Ok()
    assert in_bucket(keeper, "get", "secret") == Ok(Some(b"mine"))


def test_the_quota_of_the_manifest_bounds_all_buckets_together(world: World) -> None:
    world.put(NAME, GUEST, ALLOWED + '[resources]\nstorage = "1000B"\n')
    world.open()
    assert in_bucket(world, "set", "a", b"x" * 900, bucket="a") == Ok()
    refused = in_bucket(world, "set", "b", b"x" * 900, bucket="b")
    assert isinstance(refused, Err)
    assert refused.value.payload.startswith("quota-exceeded: ")
    assert "raise `storage` under [resources]" in refused.value.payload
    assert in_bucket(world, "set", "k" * 10_000, b"", bucket="b").value.payload.startswith("invalid-key: ")
    assert world.row(NAME).restarts == 0


def test_what_is_not_declared_is_denied_and_the_operator_reads_the_line_that_allows_it(world: World) -> None:
    world.put(NAME, GUEST, '[capabilities]\nstorage = "read"\n')
    world.open()
    assert in_bucket(world, "get", "k") == Ok(None)
    assert in_bucket(world, "set", "k", b"1") == Err(Variant("access-denied"))
    told = world.events(NAME, "denied")[0].text
    assert 'undeclared: storage = "read-write" under [capabilities] in the manifest would allow it' in told


def test_what_a_component_logs_is_in_its_log(keeper: World) -> None:
    ask(keeper, "logging/logging#log", "critical", "db", "gone")
    assert keeper.told(NAME, "log") == "gone context=db level=critical"


def test_calls_are_replayed_without_the_storage(world: World) -> None:
    world.put(NAME, GUEST, ALLOWED + '[state]\nrecord = 50\n[config]\ngreeting = "hi"\n', version="1.0.0")
    world.open()
    assert ask(world, "config/store#get", "greeting") == Ok(Some("hi"))
    assert ask(world, "logging/logging#log", "info", "db", "up") is None
    cas = in_bucket(world, "keyvalue/atomics#[static]cas.new", "k").value
    assert in_bucket(world, "set", "k", b"\0\xff") == Ok()
    failure = ask(world, "keyvalue/atomics#swap", cas, b"1").value
    assert failure.case == "cas-failed"
    assert ask(world, "keyvalue/atomics#swap", failure.payload, b"1") == Ok()
    assert in_bucket(world, "keyvalue/atomics#increment", "k", 4) == Ok(5)
    assert in_bucket(world, "keyvalue/batch#get-many", ["k", "x"]) == Ok([Some(("k", b"5")), None])
    assert in_bucket(world, "delete", "k") == Ok()
    report = world.runtime.replay(NAME, every=True).result(60)
    assert len(report.calls) == 14
    assert report.same, report.calls
    assert in_bucket(world, "exists", "k") == Ok(False)


@pytest.mark.slow
@pytest.mark.skipif(not has_python_toolchain(), reason="componentize-py is not installed")
@pytest.mark.timeout(600)
def test_a_component_of_an_ordinary_toolchain_finds_the_drafts_that_it_imports(world: World) -> None:
    memory = '[resources]\nmemory = "256MiB"\n'
    world.open()
    key = world.put("visits", python_visits(), f'{ALLOWED}{memory}[config]\ngreeting = "Hello"\n', version="1.0.0")
    world.notice_later(key).result(400)  # it compiles for long
    assert world.call("visits", "visit", "ada") == "Hello, ada: visit 1"
    assert world.told("visits", "log") == "ada came context=door level=critical"
    world.install("visits", python_visits(), f'{ALLOWED}{memory}[config]\ngreeting = "Hi"\n', version="1.1.0")
    assert world.call("visits", "visit", "ada") == "Hi, ada: visit 2"
    assert world.call("visits", "visitors") == ["ada", "last"]
