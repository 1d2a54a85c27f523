"""Attacks with paths: a real component tries to reach files that it may not reach.

Each has to be refused with the right case and, where the guard is what stops it, for the right reason; nothing outside
the granted folder may have changed afterwards, and nothing of the secret may have come out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.capability.permission import Access
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Some
from airssys_tui.host.doors.filesystem import tree_removal
from tests.support.burglar import DOORS, SECRET, House
from tests.support.file_trees import descriptors, portable

UNDECLARED, FORBIDDEN = Reason.UNDECLARED, Reason.FORBIDDEN


class Attempt(NamedTuple):
    """One call and what has to come of it.

    Attributes:
        call: The function and its arguments; texts that begin with ``@`` are paths inside, or filled in.
        case: The case of the error, or what the call returns when it does no harm.
        reason: Why the guard denied it; None if something else refused it.
    """

    call: tuple[Any, ...]
    case: Any
    reason: Reason | None = None


def attempt(house: House, tried: Attempt) -> None:
    function, *arguments = tried.call
    filled = [house.path(one[1:]) if isinstance(one, str) and one.startswith("@") else one for one in arguments]
    got = house.ask(function, *filled)
    assert got == tried.case
    assert house.guard.reasons == ([] if tried.reason is None else [tried.reason])


WRITE = frozenset({"write"})
LOOK = {
    "absolute": Attempt(("read-all", "@{outside}/secret"), "denied", UNDECLARED),
    "parent": Attempt(("read-all", "@../outside/secret"), "invalid-path"),
    "parent in the middle": Attempt(("read-all", "@x/../../outside/secret"), "invalid-path"),
    "parent at the end": Attempt(("list-entries", "@..", None, 9), "invalid-path"),
    "parent, percent": Attempt(("read-all", "@%2e%2e/outside/secret"), "not-found"),
    "parent, percent twice": Attempt(("read-all", "@%252e%252e/outside/secret"), "not-found"),
    "slash, percent": Attempt(("read-all", "@..%2foutside%2fsecret"), "not-found"),
    "backslash": Attempt(("read-all", "@..\\outside\\secret"), "not-found"),
    "wide dots": Attempt(("read-all", "@\uff0e\uff0e/outside/secret"), "not-found"),
    "one dot leader": Attempt(("read-all", "@\u2024\u2024/outside/secret"), "not-found"),
    "wide slash": Attempt(("read-all", "@..\uff0foutside\uff0fsecret"), "not-found"),
    "relative": Attempt(("read-all", "outside/secret"), "invalid-path"),
    "empty": Attempt(("read-all", ""), "invalid-path"),
    "URL": Attempt(("read-all", "file:///etc/passwd"), "invalid-path"),
    "home": Attempt(("read-all", "~/secret"), "invalid-path"),
    "NUL": Attempt(("read-all", "@mine\0/../../outside/secret"), "invalid-path"),
    "NUL at the end": Attempt(("read-all", "@mine\0"), "invalid-path"),
    "long path": Attempt(("read-all", "@" + "a/" * 2_048), "invalid-path"),
    "long name": Attempt(("write-all", "@" + "a" * 256, b""), "invalid-path"),
    "doubled slashes": Attempt(("read-all", "@{root}//outside/.//secret"), "denied", UNDECLARED),
    "longer name of a granted folder": Attempt(("read-all", "@{root}/database/secret"), "denied", UNDECLARED),
    "other case": Attempt(("read-all", "@{root}/DATA/mine"), "denied", UNDECLARED),
    "composed letters": Attempt(("read-all", "@mi\u006e\u0303e"), "not-found"),
    "the folder above": Attempt(("list-entries", "@{root}", None, 9), "denied", UNDECLARED),
    "root": Attempt(("list-entries", "/", None, 9), "denied", UNDECLARED),
    "making outside": Attempt(("write-all", "@{outside}/new", b"x"), "denied", UNDECLARED),
    "removing outside": Attempt(("remove-all", "@{outside}"), "denied", UNDECLARED),
    "renaming out": Attempt(("rename", "@mine", "@{outside}/mine"), "denied", UNDECLARED),
    "renaming in": Attempt(("rename", "@{outside}/secret", "@s"), "denied", UNDECLARED),
    "copying in": Attempt(("copy", "@{outside}/secret", "@s"), "denied", UNDECLARED),
    "copying out": Attempt(("copy", "@mine", "@{outside}/mine"), "denied", UNDECLARED),
    "asking whether it exists": Attempt(("exists", "@{outside}/secret"), "denied", UNDECLARED),
    "asking how large it is": Attempt(("stat", "@{outside}/secret", True), "denied", UNDECLARED),
    "a cursor of its own": Attempt(("list-entries", "@.", Some("../../outside"), 9), "invalid-input"),
}


@pytest.mark.parametrize("name", LOOK)
def test_a_path_leads_nowhere_else(house: House, name: str) -> None:
    attempt(house, LOOK[name])


ABSOLUTE, RELATIVE = {"l": "{outside}/secret"}, {"l": "../outside/secret"}
FOLDER = {"l": "{outside}/folder"}
LINKS = {
    "absolute": (ABSOLUTE, Attempt(("read-all", "@l"), "denied", UNDECLARED)),
    "relative": (RELATIVE, Attempt(("read-all", "@l"), "denied", UNDECLARED)),
    "in the middle": (FOLDER, Attempt(("read-all", "@l/secret"), "denied", UNDECLARED)),
    "out and in again": ({"l": "../outside/folder/../../data/mine"}, Attempt(("read-all", "@l"), b"mine")),
    "a chain": ({"l": "k", "k": "j", "j": "../outside/secret"}, Attempt(("read-all", "@l"), "denied", UNDECLARED)),
    "a circle": ({"l": "k", "k": "l"}, Attempt(("read-all", "@l"), "failed")),
    "more parents than are there": ({"l": "../" * 60 + "etc/hosts"}, Attempt(("read-all", "@l"), "denied", UNDECLARED)),
    "opened to read": (ABSOLUTE, Attempt(("open", "@l", {"read"}), "denied", UNDECLARED)),
    "opened to write": (ABSOLUTE, Attempt(("open", "@l", {"write"}), "denied", UNDECLARED)),
    "emptied": (ABSOLUTE, Attempt(("open", "@l", {"write", "truncate"}), "denied", UNDECLARED)),
    "made": ({"l": "{outside}/new"}, Attempt(("open", "@l", {"write", "create"}), "denied", UNDECLARED)),
    "made, exclusively": (
        {"l": "{outside}/new"},
        Attempt(("open", "@l", {"write", "create", "exclusive"}), "already-exists"),
    ),
    "replaced": (ABSOLUTE, Attempt(("write-all", "@l", b"x"), "denied", UNDECLARED)),
    "copied from": (ABSOLUTE, Attempt(("copy", "@l", "@copy"), "denied", UNDECLARED)),
    "copied to": (ABSOLUTE, Attempt(("copy", "@mine", "@l"), "denied", UNDECLARED)),
    "deleted": (ABSOLUTE, Attempt(("delete", "@l"), None)),
    "deleted in the middle": (FOLDER, Attempt(("delete", "@l/secret"), "denied", UNDECLARED)),
    "renamed in the middle": (FOLDER, Attempt(("rename", "@l/secret", "@s"), "denied", UNDECLARED)),
    "renamed into": (FOLDER, Attempt(("rename", "@mine", "@l/mine"), "denied", UNDECLARED)),
    "listed": (FOLDER, Attempt(("list-entries", "@l", None, 9), "denied", UNDECLARED)),
    "a folder made behind it": (FOLDER, Attempt(("create", "@l/a/b", True), "denied", UNDECLARED)),
    "removed as a folder": (FOLDER, Attempt(("remove", "@l"), "not-a-directory")),
    "removed with all in it": (FOLDER, Attempt(("remove-all", "@l"), "not-a-directory")),
    "removed with all behind it": (FOLDER, Attempt(("remove-all", "@l/."), "not-a-directory")),
    "looked at, followed": (ABSOLUTE, Attempt(("stat", "@l", True), "denied", UNDECLARED)),
    "touched": (ABSOLUTE, Attempt(("set-times", "@l", None, None), "denied", UNDECLARED)),
    "spelled out": (ABSOLUTE, Attempt(("canonical-path", "@l"), "denied", UNDECLARED)),
    "to processes": ({"l": "/proc/self/environ"}, Attempt(("read-all", "@l"), "denied", FORBIDDEN)),
    "to a folder of processes": ({"l": "/proc/self/root"}, Attempt(("read-all", "@l/etc/passwd"), "denied", FORBIDDEN)),
}  # fmt: skip


@pytest.mark.parametrize("way", ["openat2", "portable"])
@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_followed_only_where_its_target_is_granted(
    house: House, name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "portable":
        portable(monkeypatch)
    links, tried = LINKS[name]
    for link, target in links.items():
        house.link(link, target)
    attempt(house, tried)


def test_a_tree_is_removed_and_what_its_links_lead_to_is_not(house: House) -> None:
    (house.inside / "tree" / "deep").mkdir(parents=True)
    (house.inside / "tree" / "deep" / "l").symlink_to(house.outside)
    (house.inside / "tree" / "k").symlink_to("../../outside/secret")
    assert house.ask("remove-all", house.path("tree")) == 3
    assert not (house.inside / "tree").exists()


HARD = {
    "opened to write": ("open", "@h", WRITE),
    "emptied": ("open", "@h", WRITE | {"truncate"}),
    "appended to": ("open", "@h", frozenset({"append"})),
    "replaced": ("write-all", "@h", b"x"),
    "copied to": ("copy", "@mine", "@h"),
    "touched": ("set-times", "@h", Some({"seconds": 1, "nanoseconds": 0}), None),
}


@pytest.mark.parametrize("name", HARD)
def test_a_file_with_another_name_outside_is_not_changed(house: House, name: str) -> None:
    (house.outside / "other").write_bytes(b"other")
    (house.inside / "h").hardlink_to(house.outside / "other")
    house.look()
    attempt(house, Attempt(HARD[name], "denied", FORBIDDEN))
    assert "2 hard links" in house.told(
        HARD[name][0], *[house.path(a[1:]) if isinstance(a, str) else a for a in HARD[name][1:]]
    )


SPECIAL = {
    "read": ("read-all", "@s"),
    "opened": ("open", "@s", frozenset({"read"})),
    "opened to write": ("open", "@s", WRITE),
    "replaced": ("write-all", "@s", b"x"),
    "copied": ("copy", "@s", "@copy"),
    "copied to": ("copy", "@mine", "@s"),
    "touched": ("set-times", "@s", None, None),
}


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices cannot be made here")


MAKERS: dict[str, Callable[[House, Path], object]] = {
    "FIFO": lambda _, path: os.mkfifo(path),
    "socket": lambda house, path: house.listen(path.name),
    "device": lambda _, path: _device(path),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("name", SPECIAL)
def test_what_is_no_file_is_named_and_never_opened(house: House, kind: str, name: str) -> None:
    made = MAKERS[kind](house, house.inside / "s")
    attempt(house, Attempt(SPECIAL[name], "denied", FORBIDDEN))
    assert house.ask("stat", house.path("s"), True)["kind"] == "other"
    if kind == "FIFO":  # a writer that does not wait finds out whether anybody reads
        with pytest.raises(OSError, match="No such device"):
            os.open(house.inside / "s", os.O_WRONLY | os.O_NONBLOCK)
    if made is not None:
        made.close()


EVERYTHING = tuple(f"filesystem:{action}:/**" for action in ("read", "write", "delete", "list"))
NEVER = {
    "environment": ("read-all", "/proc/self/environ"),
    "memory": ("open", "/proc/self/mem", frozenset({"read", "write"})),
    "root of a process": ("read-all", "/proc/self/root/etc/hostname"),
    "folder of a process": ("list-entries", "/proc/self/cwd", None, 9),
    "descriptors": ("list-entries", "/proc/self/fd", None, 9),
    "a thread": ("read-all", "/proc/thread-self/environ"),
    "another process": ("read-all", "/proc/1/environ"),
    "descriptors of /dev": ("read-all", "/dev/fd/0"),
    "physical memory": ("read-all", "/dev/mem"),
    "passwords": ("read-all", "/etc/shadow"),
    "passwords, other case": ("read-all", "/ETC/Shadow"),
    "passwords, dots": ("read-all", "/etc/./shadow"),
    "settings of the system": ("write-all", "/etc/airssys-attack", b"x"),
    "a folder of the system": ("create", "/etc/airssys-attack", False),
    "a kernel setting": ("write-all", "/proc/sys/kernel/hostname", b"x"),
    "a device": ("write-all", "/dev/airssys-attack", b"x"),
    "the boot folder": ("delete", "/boot/airssys-attack"),
    "a key": ("read-all", "@{inside}/.ssh/id_ed25519"),
    "a key, other case": ("read-all", "@{inside}/.SSH/id_ed25519"),
    "a key, copied": ("copy", "@{inside}/.ssh/id_ed25519", "@{inside}/copy"),
    "a key, renamed": ("rename", "@{inside}/.ssh/id_ed25519", "@{inside}/copy"),
    "the program's own": ("read-all", "@{root}/kept/state/catalog.db"),
}


@pytest.mark.parametrize("name", NEVER)
def test_nobody_can_be_granted_some_paths(house: House, name: str) -> None:
    house.grant(*EVERYTHING)
    (house.inside / ".ssh").mkdir()
    (house.inside / ".ssh" / "id_ed25519").write_bytes(SECRET)
    attempt(house, Attempt(NEVER[name], "denied", FORBIDDEN))


def test_a_folder_of_keys_is_not_renamed_to_where_it_could_be_read(house: House) -> None:
    (house.inside / "home" / ".ssh").mkdir(parents=True)
    attempt(house, Attempt(("rename", "@home/.ssh", "@keys"), "denied", FORBIDDEN))


def test_a_folder_above_the_programs_own_is_not_moved(house: House) -> None:
    (house.root / "kept" / "state").mkdir(parents=True)
    house.grant(*EVERYTHING)
    attempt(house, Attempt(("rename", "@{root}/kept", "@{inside}/kept"), "denied", FORBIDDEN))
    house.guard.denied.clear()
    attempt(house, Attempt(("remove-all", "@{root}/kept"), "denied", FORBIDDEN))


# what changes while it is looked at


SWAPS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "read": (("read-all", "@t/secret"), "denied"),
    "opened": (("open", "@t/secret", frozenset({"read"})), "denied"),
    "replaced": (("write-all", "@t/secret", b"x"), "denied"),
    "deleted": (("delete", "@t/secret"), "denied"),
    "listed": (("list-entries", "@t", None, 9), "denied"),
    "made": (("create", "@t/new", False), "denied"),
    "made with parents": (("create", "@t/a/b", True), "denied"),
    "renamed": (("rename", "@mine", "@t/mine"), "denied"),
    "removed": (("remove-all", "@t"), "not-a-directory"),
}


@pytest.mark.parametrize("name", SWAPS)
def test_a_folder_becomes_a_link_between_the_question_and_the_act(house: House, name: str) -> None:
    (house.inside / "t").mkdir()
    (house.inside / "t" / "secret").write_bytes(b"mine")

    def swap(_: Access) -> None:
        if not (house.inside / "t").is_symlink():
            (house.inside / "t").rename(house.inside / "was")
            house.link("t", "{outside}/folder")

    house.guard.meanwhile = swap
    call, case = SWAPS[name]
    attempt(house, Attempt(call, case, UNDECLARED if case == "denied" else None))


@pytest.mark.parametrize("call", [("read-all", "@f"), ("write-all", "@f", b"x"), ("open", "@f", WRITE | {"truncate"})])
def test_a_file_becomes_a_link_between_the_question_and_the_act(house: House, call: tuple[Any, ...]) -> None:
    (house.inside / "f").write_bytes(b"mine")

    def swap(_: Access) -> None:
        (house.inside / "f").unlink()
        house.link("f", "{outside}/secret")
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    attempt(house, Attempt(call, "denied", UNDECLARED))


def test_a_file_gets_another_name_between_the_question_and_the_act(house: House) -> None:
    def swap(_: Access) -> None:
        (house.inside / "mine").unlink()
        (house.outside / "other").write_bytes(b"other")
        (house.inside / "mine").hardlink_to(house.outside / "other")
        house.look()
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    attempt(house, Attempt(("open", "@mine", WRITE | {"truncate"}), "denied", FORBIDDEN))


def test_a_file_becomes_a_pipe_between_the_question_and_the_act(house: House) -> None:
    def swap(_: Access) -> None:
        (house.inside / "mine").unlink()
        os.mkfifo(house.inside / "mine")
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    attempt(house, Attempt(("read-all", "@mine"), "denied", FORBIDDEN))


def test_a_folder_moves_away_between_the_question_and_the_act(house: House) -> None:
    (house.inside / "t").mkdir()

    def move(_: Access) -> None:
        (house.inside / "t").rename(house.root / "moved")
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = move
    attempt(house, Attempt(("write-all", "@t/new", b"x"), "not-found"))
    assert list((house.root / "moved").iterdir()) == []


@pytest.mark.parametrize("way", ["openat2", "portable"])
def test_links_are_swapped_all_the_time(house: House, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "portable":
        portable(monkeypatch)
    path = house.path("t/secret")
    got = set()
    with house.swapping_links():
        for _ in range(60):
            for call in (("read-all", path), ("write-all", path, b"mine"), ("stat", path, True), ("delete", path)):
                answer = house.instance.call(DOORS + call[0], *call[1:]).value
                assert SECRET not in str(answer).encode()
                got.add(answer.value.case if isinstance(answer, Err) else "ok")
    assert got <= {"ok", "denied", "not-found", "failed"}


def test_a_tree_is_swapped_for_a_link_while_it_is_removed(house: House) -> None:
    (house.inside / "t" / "folder").mkdir(parents=True)
    (house.inside / "t" / "folder" / "secret").write_bytes(b"mine")

    def swap(access: Access) -> None:
        if access.subject.endswith("/folder"):
            (house.inside / "t" / "folder").rename(house.inside / "was")
            (house.inside / "t" / "folder").symlink_to("../../outside/folder")
            house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    assert house.ask("remove-all", house.path("t")) == 1
    assert not (house.inside / "t").exists()


# grants


def test_revoking_holds_at_the_next_call_on_an_open_file(house: House) -> None:
    file = house.ask("open", house.path("mine"), {"read", "write"})
    assert house.ask("read", file, 9) == b"mine"
    house.guard.grants.clear()
    for call in (("read", file, 9), ("write", file, b"x"), ("seek", file, 0, "start"), ("size", file), ("flush", file)):
        assert house.ask(*call) == "denied"
    assert set(house.guard.reasons) == {Reason.NOT_GRANTED}
    assert (house.inside / "mine").read_bytes() == b"mine"


def test_revoking_holds_in_the_middle_of_a_copy(house: House) -> None:
    (house.inside / "large").write_bytes(bytes(600_000))
    moved = []

    def revoke(access: Access) -> None:
        moved.append(access.action)
        if len(moved) == 6:
            house.guard.grants.clear()

    house.guard.meanwhile = revoke
    attempt(house, Attempt(("copy", "@large", "@mine"), "denied", Reason.NOT_GRANTED))
    assert {path.name: path.stat().st_size for path in house.inside.iterdir()} == {"large": 600_000, "mine": 4}


def test_revoking_holds_in_the_middle_of_a_removal(house: House) -> None:
    for name in ("a", "b", "c"):
        (house.inside / "t" / name / "deep").mkdir(parents=True)

    def revoke(_: Access) -> None:
        if not all((house.inside / "t" / name / "deep").exists() for name in ("a", "b", "c")):
            house.guard.grants.clear()

    house.guard.meanwhile = revoke
    attempt(house, Attempt(("remove-all", "@t"), "failed", Reason.NOT_GRANTED))
    assert len(list((house.inside / "t").rglob("*"))) == 5


def test_revoking_the_path_of_a_links_target_holds_too(house: House) -> None:
    house.link("l", "mine")
    file = house.ask("open", house.path("l"), {"read"})
    house.guard.grants = [one for one in house.guard.grants if "**" not in one.permission.subject]
    house.grant(f"filesystem:read:{house.inside}/l")
    assert house.ask("read", file, 9) == "denied"


def test_a_grant_that_expired_allows_nothing(house: House) -> None:
    house.guard.grants = [msgspec.structs.replace(one, expires_at=50.0) for one in house.guard.grants]
    file = house.ask("open", house.path("mine"), {"read"})
    house.guard.now = 51.0
    assert house.ask("read", file, 9) == "denied"
    assert house.ask("read-all", house.path("mine")) == "denied"
    assert house.guard.reasons == [Reason.EXPIRED] * 2


@pytest.mark.parametrize(
    "call",
    [
        ("write-all", "@new", b"x"),
        ("open", "@mine", WRITE),
        ("open", "@new", frozenset({"read", "create"})),
        ("delete", "@mine"),
        ("rename", "@mine", "@new"),
        ("copy", "@mine", "@new"),
        ("create", "@new", False),
        ("remove-all", "@."),
        ("set-times", "@mine", None, None),
    ],
    ids=lambda call: "-".join(each for each in call if isinstance(each, str)),
)
def test_a_candidate_changes_nothing(house: House, call: tuple[Any, ...]) -> None:
    house.guard.candidate = True
    attempt(house, Attempt(call, "denied", Reason.CANDIDATE))
    assert [path.name for path in house.inside.iterdir()] == ["mine"]


def test_a_candidate_reads_what_is_granted(house: House) -> None:
    house.guard.candidate = True
    assert house.ask("read-all", house.path("mine")) == b"mine"
    assert [entry["name"] for entry in house.ask("list-entries", str(house.inside), None, 9)["entries"]] == ["mine"]


def test_what_is_declared_and_not_granted_is_denied(house: House) -> None:
    house.guard.grants.clear()
    attempt(house, Attempt(("read-all", "@mine"), "denied", Reason.NOT_GRANTED))


def test_an_action_is_no_other_one(house: House) -> None:
    house.guard.grants = [one for one in house.guard.grants if one.permission.action == "list"]
    for call in (("read-all", "@mine"), ("write-all", "@mine", b""), ("delete", "@mine")):
        assert house.ask(call[0], house.path("mine"), *call[2:]) == "denied"
    assert house.ask("exists", house.path("mine")) is True, "list is enough to ask"


def test_one_entry_that_may_not_be_deleted_keeps_the_whole_tree(house: House) -> None:
    (house.inside / "t" / "deep").mkdir(parents=True)
    for name in ("a", "deep/b", "deep/c"):
        (house.inside / "t" / name).write_bytes(b"x")
    (every,) = (one for one in house.guard.grants if str(one.permission) == f"filesystem:delete:{house.inside}/**")
    # A deep one, as the first that is met is asked for in another way than the rest.
    permission = msgspec.structs.replace(every.permission, subject=f"{house.inside}/t/deep/b")
    house.guard.grants.append(msgspec.structs.replace(every, id=100, scope=Scope.NEVER, permission=permission))
    attempt(house, Attempt(("remove-all", "@t"), "denied", Reason.NOT_GRANTED))
    assert len(list((house.inside / "t").rglob("*"))) == 4


# quotas


def test_no_more_than_64_files_are_open(house: House) -> None:
    path = house.path("mine")
    opened = [house.ask("open", path, {"read"}) for _ in range(64)]
    attempt(house, Attempt(("open", "@mine", {"read"}), "quota-exceeded", Reason.QUOTA))
    house.ask("drop", opened[0])
    assert isinstance(house.ask("open", path, {"read"}), int)


def test_more_bytes_than_one_call_moves_are_refused(house: House) -> None:
    much = bytes(1_048_577)
    assert house.ask("write-all", house.path("new"), much) == "too-large"
    assert not (house.inside / "new").exists()
    file = house.ask("open", house.path("mine"), {"read", "write"})
    assert house.ask("write", file, much) == "too-large"
    assert [house.ask("read", file, size) for size in (0, 1_048_577, 2**32 - 1)] == ["invalid-input"] * 3
    (house.inside / "large").write_bytes(much)
    assert house.ask("read-all", house.path("large")) == "too-large"


def test_a_tree_with_too_many_entries_is_not_touched(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_removal, "MAX_ENTRIES", 20)
    (house.inside / "t" / "u").mkdir(parents=True)
    for number in range(20):
        (house.inside / "t" / "u" / str(number)).touch()
    assert house.ask("remove-all", house.path("t")) == "too-large"
    assert len(list((house.inside / "t" / "u").iterdir())) == 20
    (house.inside / "t" / "u" / "0").unlink()
    assert house.ask("remove-all", house.path("t")) == 20


# handles


@pytest.mark.parametrize("number", [0, 1, 7, 2**31, 2**32 - 1])
def test_a_handle_that_was_made_up_traps(house: House, number: int) -> None:
    with pytest.raises(GuestTrap):
        house.ask("read", number, 1)


def test_a_handle_that_was_dropped_traps(house: House) -> None:
    file = house.ask("open", house.path("mine"), {"read"})
    house.ask("drop", file)
    with pytest.raises(GuestTrap):
        house.ask("read", file, 1)


def test_a_file_does_only_what_it_was_opened_for(house: House) -> None:
    reads = house.ask("open", house.path("mine"), {"read"})
    writes = house.ask("open", house.path("mine"), {"append"})
    empties = house.ask("open", house.path("mine"), {"read", "truncate"})
    assert [house.ask("write", reads, b"x"), house.ask("read", writes, 1), house.ask("write", empties, b"x")] == (
        ["denied"] * 3
    )


# names


def test_names_that_are_no_text_are_left_out_and_counted(house: House) -> None:
    (house.inside / os.fsdecode(b"\xff\xfe")).touch()
    page = house.ask("list-entries", str(house.inside), None, 9)
    assert ([one["name"] for one in page["entries"]], page["skipped"]) == (["mine"], 1)


def test_a_link_whose_target_is_no_text_is_not_followed(house: House) -> None:
    (house.inside / "l").symlink_to(os.fsdecode(b"\xff"))
    assert house.ask("read-all", house.path("l")) == "invalid-path"
    assert house.ask("read-link", house.path("l")) == "failed"


# what is left open


def test_everything_is_closed_with_the_instance(house: House) -> None:
    before = descriptors()
    for _ in range(5):
        house.ask("open", house.path("mine"), {"read", "write"})
    assert len(descriptors() - before) == 5
    house.instance.close()
    assert descriptors() <= before


def test_everything_is_closed_after_a_trap(house: House) -> None:
    before = descriptors()
    house.ask("open", house.path("mine"), {"read"})
    with pytest.raises(GuestTrap) as caught:
        house.ask("trap")
    assert caught.value.trap.kind is TrapKind.UNREACHABLE
    house.instance.close()
    assert descriptors() <= before


def test_nothing_that_is_opened_is_inherited(house: House) -> None:
    before = descriptors()
    house.ask("open", house.path("mine"), {"read"})
    (opened,) = descriptors() - before
    assert not os.get_inheritable(int(opened.partition(" ")[0]))
