"""``wasi:config`` and ``wasi:logging`` called by a real component, under each of their names."""

from __future__ import annotations

import pytest

from airssys_tui.core.events import Level
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Ok, Some
from airssys_tui.host.services.log_text import MAX_FIELD, MAX_MESSAGE

CONFIGS = (
    "config/store@0.2.0-draft",
    "config/store@0.2.0-draft-2024-09-27",
    "config/store@0.2.0-rc.1",
    "config/runtime@0.2.0-draft",
)
LOGS = ("logging/logging", "logging/logging@0.1.0-draft")
SAID = (
    ("name", '"w\\u00f6rld\\n"'),
    ("empty", '""'),
    ("quoted", '"\\"x\\""'),
    ("number", "42"),
    ("fraction", "1.5"),
    ("on", "true"),
    ("list", '["a",1]'),
    ("table", '{"a":"b"}'),
)
PLAIN = {"name": "wörld\n", "empty": "", "quoted": '"x"', "number": "42", "fraction": "1.5", "on": "true"}


@pytest.mark.parametrize("name", CONFIGS)
def test_text_is_as_it_is_and_everything_else_as_json(draft_guest, name):
    guest = draft_guest([name], config=SAID)
    face = f"{name.partition('@')[0]}#"
    wanted = PLAIN | {"list": '["a",1]', "table": '{"a":"b"}'}
    assert guest.call(f"{face}get-all") == Ok(list(wanted.items()))
    for key, value in wanted.items():
        assert guest.call(f"{face}get", key) == Ok(Some(value))
    assert guest.call(f"{face}get", "Name") == Ok(None)
    assert guest.call(f"{face}get", "x" * 1_000_000) == Ok(None)


def test_without_a_table_there_is_nothing(draft_guest):
    guest = draft_guest(CONFIGS[:1])
    assert guest.call("config/store#get-all") == Ok([])
    assert guest.call("config/store#get", "") == Ok(None)


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize(
    ("level", "kept", "fields"),
    [
        ("trace", Level.DEBUG, []),
        ("debug", Level.DEBUG, []),
        ("info", Level.INFO, []),
        ("warn", Level.WARNING, []),
        ("error", Level.ERROR, []),
        ("critical", Level.ERROR, [("level", "critical")]),
    ],
)
def test_every_level_has_its_place_in_the_log(draft_guest, name, level, kept, fields):
    guest = draft_guest([name])
    guest.call("logging/logging#log", level, "", "hello")
    guest.call("logging/logging#log", level, "net\n", "hello")
    assert guest.logged == [(kept, "hello", fields), (kept, "hello", [("context", "net\n"), *fields])]


def test_what_is_logged_is_bounded(draft_guest):
    guest = draft_guest(LOGS[1:])
    guest.call("logging/logging#log", "info", "c" * 1_000, "m" * 100_000)
    ((_, message, [(_, subject)]),) = guest.logged
    assert message == "m" * MAX_MESSAGE + "…[+99000]"
    assert subject == "c" * MAX_FIELD + "…[+800]"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("logging-logging-log", ("info", "c" * 50_000, "m" * 50_000)), ("config-store-get", ("x" * 100_000,))],
)
def test_length_costs_fuel(draft_guest, name, arguments):
    guest = draft_guest([LOGS[0], CONFIGS[0]])
    with pytest.raises(GuestTrap) as caught:
        guest.instance.call(name, *arguments, fuel=90_000)
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL
    assert guest.logged == []
