"""Manual calls on the simulated runtime: interfaces are parsed from the displayed signatures, checks stay in memory."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, Final

import msgspec

from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.custom_series import trace_id
from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.recordings import (
    Difference,
    DifferenceKind,
    RecordedCallView,
    RecordingsView,
    ReplayedCall,
    ReplayOutcome,
    ReplayReport,
)
from airssys_tui.api.views.runtime import CallReport, Done
from airssys_tui.core.description import require_hand_call
from airssys_tui.core.errors import AirssysError, ArgumentError, ExportNotFound, NotServing, UsageError
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import GuestText, one_line, sanitise
from airssys_tui.core.types.interface import (
    INTEGER_BOUNDS,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    Interface,
    InterfaceType,
    ListOf,
    OptionOf,
    Param,
    Primitive,
    Record,
    ResultOf,
    render,
)
from airssys_tui.core.types.json_form import from_json, read_json

_SIGNATURE: Final = re.compile(
    r"^(?:(?P<instance>\S+)#)?(?P<name>[a-z0-9-]+): func\((?P<params>.*?)\)(?: -> (?P<result>.+))?$"
)
_PRIMITIVES: Final = frozenset({"bool", "char", "string", "f32", "f64", *INTEGER_BOUNDS})

Calling = Callable[[str, str], CallReport]


class PlayedDesk:
    """Saved checks of simulated components.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._checks: dict[str, dict[str, Check]] = {}

    def checks(self, component: str) -> tuple[Check, ...]:
        """Return the checks of a component in the order of their replay."""
        return tuple(self._checks.get(component, {}).values())

    def save(self, component: str, name: str, arguments: str, report: CallReport) -> Check:
        """Save a call with its result.

        Raises:
            UsageError: If the name is invalid.
        """
        if not name.strip() or len(name) > 100:
            raise UsageError("a check needs a name of at most 100 characters")
        kept = Check(
            name=name,
            export=report.export,
            arguments=arguments,
            result=report.result,
            revision=report.revision or 0,
            at=self._clock(),
        )
        self.put(component, kept)
        return kept

    def put(self, component: str, check: Check) -> None:
        """Store a check unchanged, replacing one of the same name."""
        self._checks.setdefault(component, {})[check.name] = check

    def drop(self, component: str, name: str) -> None:
        """Delete a check.

        Raises:
            UsageError: If no check has that name.
        """
        if self._checks.get(component, {}).pop(name, None) is None:
            names = ", ".join(check.name for check in self.checks(component)) or "none"
            raise UsageError(f"{component} has no check {one_line(name, 60)!r}", remedy=f"its checks: {names}")

    def verify(self, component: str, call: Calling) -> tuple[CheckOutcome, ...]:
        """Replay the checks of a component."""
        return tuple(_replayed(check, call) for check in self.checks(component))


class PlayedCalls(ABC):
    """The part of the simulated runtime that calls components."""

    clock: Callable[[], float]
    desk: PlayedDesk

    @abstractmethod
    def _get(self, component: str) -> PlayedComponent: ...

    @abstractmethod
    def answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Return a future that ends with the result or the error of ``work``."""

    def call(self, component: str, export: str, arguments: str = "[]", *, force: bool = False) -> Future[CallReport]:
        """Call an export; the simulated component returns its first argument."""
        return self.answer(lambda: self.play_call(component, export, arguments, force=force))

    def interface(self, component: str) -> Future[InterfaceView]:
        """Return a component's imports and exports with their types and documentation."""
        return self.answer(lambda: self.play_interface(component))

    def open_handles(self, component: str) -> Future[tuple[OpenHandle, ...]]:
        """Return the open handles: none, as simulated components return no resources."""

        def work() -> tuple[OpenHandle, ...]:
            self._get(component)
            return ()

        return self.answer(work)

    def close_handle(self, component: str, resource: int) -> Future[Done]:
        """Close an open handle; always fails, as there are no open handles."""

        def work() -> Done:
            self._get(component)
            raise ArgumentError("", "the number of an open handle (none)", repr(resource))

        return self.answer(work)

    def checks(self, component: str) -> Future[tuple[Check, ...]]:
        """Return the saved checks, in the order of their replay."""
        return self.answer(lambda: self.desk.checks(self._get(component).id))

    def save_check(self, component: str, name: str, export: str, arguments: str) -> Future[Check]:
        """Save a call as a check, with the simulated result."""

        def work() -> Check:
            report = self.play_call(component, export, arguments)
            return self.desk.save(component, name, arguments, report)

        return self.answer(work)

    def drop_check(self, component: str, name: str) -> Future[Done]:
        """Delete a check."""

        def work() -> Done:
            self.desk.drop(self._get(component).id, name)
            return Done(text=sanitise(f"{component}: check {name} deleted"))

        return self.answer(work)

    def verify(self, component: str) -> Future[tuple[CheckOutcome, ...]]:
        """Replay a component's checks."""

        def call(export: str, arguments: str) -> CallReport:
            return self.play_call(component, export, arguments)

        return self.answer(lambda: self.desk.verify(self._get(component).id, call))

    def recordings(self, component: str) -> Future[RecordingsView]:
        """Return the recorded calls; only one simulated component has any."""
        return self.answer(lambda: _recorded(self._get(component), self.clock()))

    def replay(
        self,
        component: str,
        call: int | None = None,
        revision: int | None = None,
        *,
        every: bool = False,
    ) -> Future[ReplayReport]:
        """Run recorded calls again; what trapped differs, and the others do the same."""

        def work() -> ReplayReport:
            found = self._get(component)
            calls = _recorded(found, self.clock()).calls
            asked = calls[::-1] if every else tuple(each for each in calls if call in {None, each.number})[:1]
            if not asked and not every:
                raise UsageError(f"no call of {found.id} is recorded", component=found.id)
            return ReplayReport(component=found.id, revision=revision, calls=tuple(map(_again, asked)))

        return self.answer(work)

    def play_interface(self, component: str) -> InterfaceView:
        """Return the interface of a simulated component."""
        found = self._get(component)
        return interface_of(component, found.view.revision or 0, found.exports)

    def play_call(self, component: str, export: str, arguments: str, *, force: bool = True) -> CallReport:
        """Return the report of a call of a simulated component."""
        found = self._get(component)
        if found.view.state is not State.RUNNING:
            raise NotServing(
                f"{component} is {found.view.state} and does not accept calls",
                remedy=f"start {component} first",
                component=component,
            )
        path = found.find_export(export)
        if path is None:
            raise ExportNotFound(f"{component} has no export {one_line(export)!r}", component=component)
        if not force:
            require_hand_call(path, component)
        check_arguments(self.play_interface(component), path, arguments)
        values = msgspec.json.decode(arguments)
        return CallReport(
            export=path,
            result=_played(path, values),
            fuel=found.load.fuel_per_call,
            seconds=0.000_02,
            cpu_seconds=0.000_02,
            memory_peak=found.view.meters.memory,
            revision=found.view.revision,
            trace=trace_id(component, path),
        )


def _played(path: str, values: list[Any]) -> str:
    """Return the simulated result: the first argument as JSON of the result type."""
    first = values[0] if values else None
    return msgspec.json.encode({"ok": f"hello, {first}"} if path == RICH.name else first).decode()


def _replayed(check: Check, call: Calling) -> CheckOutcome:
    try:
        report = call(check.export, check.arguments)
    except AirssysError as error:
        return CheckOutcome(check=check, passed=False, error=one_line(str(error), 300))
    return CheckOutcome(
        check=check,
        passed=report.result == check.result,
        result=report.result,
        fuel=report.fuel,
        seconds=report.seconds,
    )


RICH: Final = Function(
    "greet",
    (
        Param("name", Primitive("string")),
        Param("manner", EnumOf(("plain", "cheerful", "formal"))),
        Param(
            "whom",
            Record(
                (
                    Field("languages", ListOf(Primitive("string"))),
                    Field("age", OptionOf(Primitive("u8"))),
                    Field("marks", FlagsOf(("guest", "member"))),
                )
            ),
        ),
    ),
    ResultOf(Primitive("string"), Primitive("string")),
)
"""A function with most kinds of types, for the demonstration; its signature line is :data:`RICH_LINE`."""

RICH_LINE: Final = render(RICH)


def interface_of(component: str, revision: int, exports: Iterable[str]) -> InterfaceView:
    """Build an interface from signatures; all types are primitive, except in :data:`RICH`."""
    functions: list[Function] = []
    instances: dict[str, list[Function]] = {}
    for line in exports:
        if line == RICH_LINE:
            functions.append(RICH)
            continue
        match = _SIGNATURE.match(line)
        if match is None:
            continue
        params = tuple(
            Param(name.strip(), _type(kind.strip()))
            for name, _, kind in (part.partition(":") for part in match["params"].split(",") if part.strip())
        )
        result = _type(match["result"]) if match["result"] else None
        function = Function(match["name"], params, result)
        if match["instance"]:
            instances.setdefault(match["instance"], []).append(function)
        else:
            functions.append(function)
    exported: tuple[InterfaceType | Function, ...] = (
        *functions,
        *(InterfaceType(name, tuple(members)) for name, members in instances.items()),
    )
    docs = {functions[0].name: sanitise("Played: answers with its first argument.")} if functions else {}
    return InterfaceView(component=component, revision=revision, interface=Interface(exports=exported), docs=docs)


def _type(text: str) -> Primitive:
    return Primitive(text if text in _PRIMITIVES else "string")


def check_arguments(view: InterfaceView, path: str, arguments: str) -> None:
    """Check arguments against the types of an export.

    Raises:
        ArgumentError: If a value does not fit its type; the error names the path to the value.
    """
    function = next(export.function for export in view.interface.functions() if export.path == path)
    values = read_json(arguments)
    if not isinstance(values, list) or len(values) != len(function.params):
        raise ArgumentError("", f"a JSON array of {len(function.params)}", one_line(arguments, 60))
    for param, value in zip(function.params, values, strict=True):
        from_json(param.type, value, param.name)


RECORDED: Final = "greeter"
"""The component of which calls are recorded."""


def _recorded(component: PlayedComponent, now: float) -> RecordingsView:
    if component.id != RECORDED:
        return RecordingsView(component=component.id)
    calls = [
        RecordedCallView(
            number=number,
            export="greet",
            arguments=f'["{who}"]',
            result="" if trap else f'"hello, {who}"',
            trap=GuestText(trap),
            revision=1,
            at=now - 4.0 * (5 - number),
            fuel=1_180 + 7 * len(who),
            host_calls=2,
            bytes=900,
        )
        for number, who, trap in (
            (1, "Ada", ""),
            (2, "Grace", ""),
            (3, "x" * 90, "unreachable: wasm `unreachable` instruction executed"),
            (4, "Zo\u00eb", ""),
        )
    ]
    return RecordingsView(component=RECORDED, wanted=20, calls=tuple(calls[::-1]), bytes=3_600, limit=8_388_608)


def _again(call: RecordedCallView) -> ReplayedCall:
    if not call.trap:
        return ReplayedCall(call=call, outcome=ReplayOutcome.SAME, fuel=call.fuel, fuel_counts=True)
    differences = (
        Difference(kind=DifferenceKind.ARGUMENTS, host_call=1, recorded='["info", "long"]', replayed='["info", "cut"]'),
        Difference(kind=DifferenceKind.TRAP, recorded=call.trap, replayed=""),
        Difference(kind=DifferenceKind.RESULT, recorded="", replayed='"hello, xxxx"'),
    )
    return ReplayedCall(call=call, outcome=ReplayOutcome.DIFFERS, differences=differences, fuel=2_204)
