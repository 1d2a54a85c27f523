"""The options of a command line in the foreground: what each grants, exactly, and what is no option."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.capability.coverage import covers
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import UsageError
from airssys_tui.core.limits import UNLIMITED_FUEL, Limits
from airssys_tui.core.manifest.structure import Preopen
from airssys_tui.runtime.standalone.line_grants import BARE_LIMITS, UNBOUNDED, LineOptions, read_line


def directory(text: str) -> tuple[Preopen, set[str]]:
    """Return what `--dir` opens, and which actions it grants below."""
    read = read_line(LineOptions(directories=(text,)))
    (preopen,) = read.preopens
    actions = {"read", "write", "delete", "list"}
    for path in (preopen.host, f"{preopen.host.rstrip('/')}/a/b"):
        access = {action: Access(Kind.FILESYSTEM, action, path) for action in actions}
        granted = {action for action in actions if any(covers(each, access[action]) for each in read.permissions)}
    return preopen, granted


ALL = {"read", "write", "delete", "list"}


@pytest.mark.parametrize(
    ("form", "guest", "actions"),
    [
        ("{}", None, ALL),
        ("{}:ro", None, {"read", "list"}),
        ("{}::/data", "/data", ALL),
        ("{}::data:ro", "data", {"read", "list"}),
        ("{}::.", ".", ALL),
    ],
)
def test_a_directory_opens_and_grants_what_it_says(
    tmp_path: Path, form: str, guest: str | None, actions: set[str]
) -> None:
    host = tmp_path / "odd [name]* ?"
    host.mkdir()
    preopen, granted = directory(form.format(host))
    assert preopen == Preopen(guest or str(host), str(host))
    assert granted == actions


def test_a_link_is_opened_where_it_leads_and_a_path_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert directory("link")[0] == Preopen("link", str(tmp_path / "real"))
    assert directory(".")[0] == Preopen(".", str(tmp_path))
    assert directory("/")[1] == ALL


@settings(max_examples=40, deadline=None)
@given(name=st.text(min_size=1, max_size=30), beside=st.text(max_size=30))
def test_a_directory_grants_nothing_beside_it(name: str, beside: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    try:
        host = base / "granted" / name
        host.mkdir(parents=True, exist_ok=True)
        if host.resolve() != host or "::" in str(host) or str(host).endswith(":ro"):
            return
    except (OSError, ValueError):
        return
    try:
        read = read_line(LineOptions(directories=(str(host),)))
    except UsageError:
        return
    for path in (f"{base}/granted/{beside}", f"{host}{beside}"):
        if path != str(host) and not path.startswith(f"{host}/"):
            assert not any(covers(each, Access(Kind.FILESYSTEM, "read", path)) for each in read.permissions)


@pytest.mark.parametrize(
    "options",
    [
        {"directories": ("",)},
        {"directories": ("::/data",)},
        {"directories": ("/::",)},
        {"directories": ("/::a\nb",)},
        {"directories": ("/proc/self/status",)},
        {"directories": ("/",) * 33},
        {"variables": ("",)},
        {"variables": ("=x",)},
        {"variables": ("a-b=x",)},
        {"variables": ("A=\udcff",)},
        {"arguments": ("\udcff",)},
        {"arguments": ("x" * 2**20, "y")},
        {"permissions": ("filesystem:read:relative",)},
        {"permissions": ("filesystem:delete:/etc/passwd",)},
        {"fuel": "-1"},
        {"fuel": "999"},
        {"memory": "5GiB"},
        {"deadline": "25h"},
        {"deadline": "nan"},
    ],
)
def test_what_means_nothing_is_a_usage_error(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        read_line(LineOptions(**options))


def test_limits_are_those_of_the_line_and_else_the_usual_ones() -> None:
    usual = Limits(memory=1, fuel_per_call=2, deadline=3.0)
    limits = read_line(LineOptions(memory="1MiB", fuel="unlimited", deadline="1.5")).limits(usual)
    assert (limits.memory, limits.fuel_per_call, limits.deadline) == (2**20, UNLIMITED_FUEL, 1.5)
    assert limits.of_command() == limits
    kept = read_line(LineOptions(fuel="1_000")).limits(BARE_LIMITS)
    assert (kept.memory, kept.fuel_per_call, kept.deadline) == (2**30, 1_000, UNBOUNDED)
    assert kept.of_command() == kept
