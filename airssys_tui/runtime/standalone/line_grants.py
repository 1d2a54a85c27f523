"""What the command line gives to a command in the foreground: arguments, directories, variables, rights and limits.

One option states and grants; nothing else is granted. The forms are those of ``wasmtime run``, as far as it has them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from airssys_tui.core.capability.forbidden import is_ungrantable
from airssys_tui.core.capability.permission import Kind, Permission, parse_permission
from airssys_tui.core.errors import UsageError
from airssys_tui.core.limits import BOUNDS, UNLIMITED_FUEL, Limits
from airssys_tui.core.manifest.capabilities import MAX_PERMISSIONS, FilesystemAction, parse_environment
from airssys_tui.core.manifest.structure import Preopen
from airssys_tui.core.pattern.glob import check_path_glob
from airssys_tui.core.pattern.glob_tokens import escaped
from airssys_tui.core.units import GIB, MIB, parse_duration, parse_size

T = TypeVar("T")
N = TypeVar("N", int, float)

UNBOUNDED: Final = 10 * 365 * 86_400.0
"""Seconds of a command that nothing but a signal ends."""

BARE_LIMITS: Final = Limits(memory=GIB, fuel_per_call=UNLIMITED_FUEL, deadline=UNBOUNDED, init_deadline=60.0)
"""What a command without a manifest may use: as much time as it takes, like any other program of a shell."""

ARGUMENT_BYTES: Final = MIB
"""Bytes of all arguments and variables together."""

_READING: Final = (FilesystemAction.READ, FilesystemAction.LIST)
_READ_ONLY: Final = ":ro"
_BETWEEN: Final = "::"


class LineGrants(msgspec.Struct, frozen=True, kw_only=True):
    """What the options of a command line give.

    Attributes:
        arguments: Arguments after the name of the program; empty for those of the manifest.
        preopens: Directories that are open from the start, beside those of the manifest.
        variables: Variables with a value of their own.
        permissions: Everything that is granted.
        memory: Bytes of all its memories together; None for what holds without the option.
        fuel: Units of fuel; None likewise.
        deadline: Seconds from its start to its end; None likewise.
    """

    arguments: tuple[str, ...] = ()
    preopens: tuple[Preopen, ...] = ()
    variables: Mapping[str, str] = msgspec.field(default_factory=dict)
    permissions: tuple[Permission, ...] = ()
    memory: int | None = None
    fuel: int | None = None
    deadline: float | None = None

    def limits(self, usual: Limits) -> Limits:
        """Return the limits of the command.

        Args:
            usual: What holds without options.
        """
        deadline = usual.deadline if self.deadline is None else self.deadline
        return msgspec.structs.replace(
            usual,
            memory=usual.memory if self.memory is None else self.memory,
            fuel_per_call=usual.fuel_per_call if self.fuel is None else self.fuel,
            deadline=deadline,
            command_deadline=deadline,
        )


class LineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they are written."""

    arguments: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    memory: str | None = None
    fuel: str | None = None
    deadline: str | None = None


def read_line(options: LineOptions) -> LineGrants:
    """Read the options of a command line.

    Raises:
        UsageError: One is not valid; with its name and what was expected.
    """
    preopens: list[Preopen] = []
    permissions: list[Permission] = []
    for text in options.directories:
        preopen, granted = _directory(text)
        preopens.append(preopen)
        permissions += granted
    variables: dict[str, str] = {}
    for text in options.variables:
        name, given, value = text.partition("=")
        permissions.append(Permission(Kind.ENVIRONMENT, "", _read("--env", parse_environment, name)))
        if given:
            variables[name] = value
    permissions += [_permission(text) for text in options.permissions]
    if len(permissions) > MAX_PERMISSIONS:
        raise UsageError(
            f"the options grant {len(permissions)} permissions; accepted: {MAX_PERMISSIONS}",
            remedy="name fewer directories and variables, or wider patterns with --allow",
        )
    _check_text([*options.arguments, *variables.values()])
    return LineGrants(
        arguments=options.arguments,
        preopens=tuple(preopens),
        variables=variables,
        permissions=tuple(dict.fromkeys(permissions)),
        memory=_bounded("--memory", "memory", options.memory, parse_size),
        fuel=_fuel(options.fuel),
        deadline=_bounded("--deadline", "command_deadline", options.deadline, _duration),
    )


def _directory(text: str) -> tuple[Preopen, list[Permission]]:
    """Read ``HOST[::GUEST][:ro]``: a directory of the machine, the command's name of it, and what it may do there."""
    rest = text.removesuffix(_READ_ONLY)
    host, named, guest = rest.partition(_BETWEEN)
    guest = guest if named else host
    if not host or not guest or not guest.isprintable():
        raise UsageError(
            f"--dir: {text!r} names no directory", remedy="write HOST, HOST::GUEST, or either with :ro at the end"
        )
    real = os.path.realpath(host)
    if not os.path.isdir(real):  # noqa: PTH112 - as it is: a path of text
        raise UsageError(f"--dir: there is no directory {host}", remedy="name a directory that is there")
    below = "/**" if real == "/" else f"{escaped(real)}/**"
    _read("--dir", check_path_glob, below)
    actions = tuple(FilesystemAction) if rest == text else _READING
    patterns = tuple(dict.fromkeys((below, escaped(real))))
    granted = [Permission(Kind.FILESYSTEM, action.value, each) for action in actions for each in patterns]
    return Preopen(guest, real), granted


def _permission(text: str) -> Permission:
    permission = _read("--allow", parse_permission, text)
    if is_ungrantable(permission):
        raise UsageError(f"--allow: nobody can be granted {text}", remedy="leave it out")
    return permission


def _fuel(text: str | None) -> int | None:
    if text == "unlimited":
        return UNLIMITED_FUEL
    return _bounded("--fuel", "fuel_per_call", text, lambda said: int(said.replace("_", "")))


def _duration(text: str) -> float:
    return parse_duration(f"{text}s" if text.replace(".", "", 1).isdecimal() else text)


def _read(option: str, reader: Callable[[str], T], text: str) -> T:
    try:
        return reader(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", remedy="airssys-tui run-command --help shows the forms") from error


def _bounded(option: str, limit: str, text: str | None, reader: Callable[[str], N]) -> N | None:
    """Read an amount, within the bounds that a manifest has for it."""
    if text is None:
        return None
    try:
        value = reader(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", remedy=error.remedy) from error
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is not a whole number", remedy=f"{option} 1_000_000") from error
    bound = BOUNDS[limit]
    if not bound.least <= value <= bound.most:
        raise UsageError(f"{option} is {text}; accepted: {bound.least:_.15g} to {bound.most:_.15g}")
    return value


def _check_text(texts: list[str]) -> None:
    """Refuse what cannot be handed to a component: its strings are Unicode."""
    size = 0
    for text in texts:
        try:
            size += len(text.encode())
        except UnicodeEncodeError as error:
            raise UsageError(f"{text!r} is not UTF-8 text", remedy="a component takes no other") from error
    if size > ARGUMENT_BYTES:
        raise UsageError(f"the arguments and variables have {size} bytes; accepted: {ARGUMENT_BYTES}")
