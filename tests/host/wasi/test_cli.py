"""``wasi:cli`` called by a real component: arguments, environment, standard streams, exit."""

from __future__ import annotations

import io as memory
import os

import pytest

from airssys_tui.core.traps import GuestTrap, TrapKind, exit_status
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.host.doors.variables import MOST_VALUE
from airssys_tui.host.services.output_lines import OutputBuffer, OutputLine
from airssys_tui.host.wasi import cli, io
from airssys_tui.host.wasi_context import WasiContext
from tests.support.rule_guard import RuleGuard
from tests.support.wasi.wasi_desk import PlainTenant

IN, OUT = "io/streams#[method]input-stream.", "io/streams#[method]output-stream."
ENVIRONMENT = "cli/environment#get-environment"


@pytest.fixture
def guest(desk):
    def make(guard=None, limit=1_000, **context):
        wasi = WasiContext(OutputBuffer(limit), **context)
        tenant = PlainTenant(wasi=wasi, guard=guard or RuleGuard())
        return desk([*io.INTERFACES, *cli.INTERFACES], tenant=tenant)

    return make


def printed(guest, *, final=True):
    return guest.tenant.wasi.output.drain(final=final)


def test_arguments_are_what_it_was_given(guest):
    assert guest(arguments=("name", "--fast", "é", "")).call("cli/environment#get-arguments") == [
        "name",
        "--fast",
        "é",
        "",
    ]
    assert guest().call("cli/environment#get-arguments") == []
    assert guest().call("cli/environment#initial-cwd") is None


def test_the_environment_is_what_is_declared_granted_and_set(guest, monkeypatch):
    declared = [f"environment:AIRSSYS_{name}" for name in ("A", "B", "UNSET", "LONG", "ODD", "NO")]
    guard = RuleGuard(*declared, granted=tuple(declared[:-1]))
    monkeypatch.setenv("AIRSSYS_B", "2 words")
    monkeypatch.setenv("AIRSSYS_A", "é")
    monkeypatch.setenv("AIRSSYS_NO", "secret")
    monkeypatch.setenv("AIRSSYS_OTHER", "secret")
    monkeypatch.setenv("AIRSSYS_LONG", "x" * (MOST_VALUE + 1))
    monkeypatch.delenv("AIRSSYS_UNSET", raising=False)
    os.environb[b"AIRSSYS_ODD"] = b"\xff"
    here = guest(guard)
    try:
        assert here.call(ENVIRONMENT) == [("AIRSSYS_A", "é"), ("AIRSSYS_B", "2 words")]
    finally:
        del os.environb[b"AIRSSYS_ODD"]
    guard.revoke()
    assert here.call(ENVIRONMENT) == []
    assert guest().call(ENVIRONMENT) == []


@pytest.mark.parametrize(
    ("function", "asked", "status"),
    [
        ("exit", Ok(), 0),
        ("exit", Err(), 1),
        ("exit-with-code", 0, 0),
        ("exit-with-code", 1, 1),
        ("exit-with-code", 255, 255),
    ],
)
def test_an_exit_ends_the_call_with_its_status(guest, function, asked, status):
    here = guest()
    with pytest.raises(GuestTrap) as caught:
        here.call(f"cli/exit#{function}", asked)
    assert caught.value.trap.kind is TrapKind.EXIT
    assert exit_status(caught.value.trap) == status
    assert caught.value.title == "exit"
    assert here.instance.dead


def test_what_is_printed_becomes_lines_of_each_stream(guest):
    here = guest()
    out, err, again = (here.call(f"cli/{name}#get-{name}") for name in ("stdout", "stderr", "stdout"))
    assert here.call(f"{OUT}blocking-write-and-flush", out, b"one\ntw") == Ok()
    assert here.call(f"{OUT}blocking-write-and-flush", err, b"bad\n") == Ok()
    assert here.call(f"{OUT}blocking-write-and-flush", again, b"o\nrest \xff") == Ok()
    assert printed(here, final=False).lines == (
        OutputLine("stdout", "one"),
        OutputLine("stderr", "bad"),
        OutputLine("stdout", "two"),
    )
    here.drop("output-stream", out)
    here.call(f"{OUT}check-write", again)
    assert here.call(f"{OUT}write", again, b"!") == Ok()
    assert printed(here).lines == (OutputLine("stdout", "rest \ufffd!"),)


def test_a_flood_is_kept_up_to_a_limit_and_the_rest_is_counted(guest):
    here = guest(limit=100)
    out = here.call("cli/stdout#get-stdout")
    for _ in range(3):
        assert here.call(f"{OUT}blocking-write-and-flush", out, b"x" * 60 + b"\n") == Ok()
    assert printed(here).dropped == 3 * 61 - 100


def test_printing_costs_fuel(guest):
    here = guest()
    out = here.call("cli/stdout#get-stdout")
    here.call(f"{OUT}check-write", out)
    assert here.instance.call("io-streams-output-stream-write", out, bytes(10_000)).fuel > 10_000


def test_stdin_is_read_to_its_end_by_all_its_streams_in_turns(guest):
    here = guest(stdin=memory.BytesIO(b"question"))
    first, second = here.call("cli/stdin#get-stdin"), here.call("cli/stdin#get-stdin")
    assert here.call(f"{IN}read", first, 4) == Ok(b"ques")
    assert here.call(f"{IN}blocking-read", second, 100) == Ok(b"tion")
    assert here.call(f"{IN}read", first, 1) == Err(Variant("closed"))


def test_stdin_is_empty_unless_something_is_given(guest):
    here = guest()
    assert here.call(f"{IN}blocking-read", here.call("cli/stdin#get-stdin"), 1) == Err(Variant("closed"))


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_nothing_is_a_terminal(guest, name):
    assert guest().call(f"cli/terminal-{name}#get-terminal-{name}") is None
