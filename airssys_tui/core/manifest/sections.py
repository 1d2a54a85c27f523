"""The sections of a manifest: the keys of each, their units and their bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from airssys_tui.core.identity import DEFAULT_NAMESPACE, ComponentId, parse_version
from airssys_tui.core.keyvalue import Durability
from airssys_tui.core.limits import BOUNDS, UNLIMITED_FUEL, Bound, Limits
from airssys_tui.core.manifest.capabilities import (
    MAX_PATTERN_BYTES,
    MAX_PERMISSIONS,
    Capabilities,
    StorageAccess,
    parse_environment,
    parse_filesystem,
    parse_messaging,
    parse_network,
    parse_process,
)
from airssys_tui.core.manifest.scalars import ExpectationError, read_text, shown
from airssys_tui.core.manifest.structure import (
    Artifact,
    Build,
    Canary,
    ComponentKind,
    ConfigEntry,
    Dependency,
    Deployment,
    EngineChoice,
    HealthPolicy,
    PackageSection,
    Security,
    StateKeeping,
    Strategy,
)
from airssys_tui.core.manifest.table_reader import Table
from airssys_tui.core.message import Overflow
from airssys_tui.core.probation import Regression, RegressionAction
from airssys_tui.core.revision import Tier
from airssys_tui.core.supervision import Backoff, RestartPolicy, Supervision
from airssys_tui.core.units import KIB, format_duration

UNLIMITED: Final = "unlimited"
_DAY: Final = 86_400.0

MOST_ARGUMENTS: Final = 64
"""Arguments that a manifest may give a component."""

ARGUMENT_BYTES: Final = 32 * KIB
"""Bytes of UTF-8 of all of them together."""

MOST_WAIT_FOR_ANSWER: Final = 300.0
"""Seconds that a manifest may let a call wait for the operator's answer."""

_INT64: Final = Bound(-(2**63), 2**63 - 1)


def read_package(table: Table) -> PackageSection:
    """Read ``[package]``."""
    name = table.required_text("name", "counter")
    namespace = table.optional_text("namespace")
    namespace = DEFAULT_NAMESPACE if namespace is None else namespace
    if name:
        table.attempt("name", lambda: ComponentId(DEFAULT_NAMESPACE, name))
    table.attempt("namespace", lambda: ComponentId(namespace, "name"))
    package = PackageSection(
        name=name,
        namespace=namespace,
        version=table.checked_text("version", parse_version),
        description=table.optional_text("description") or "",
        authors=table.texts("authors"),
        license=table.optional_text("license") or "",
        homepage=table.optional_text("homepage") or "",
    )
    table.close()
    return package


def read_artifact(table: Table) -> Artifact:
    """Read ``[component]``."""
    wasm = table.required_text("wasm", "counter.wasm")
    path = PurePosixPath(wasm)
    if wasm and (path.is_absolute() or ".." in path.parts or path == PurePosixPath() or "\0" in wasm):
        table.problem("wasm", f"expected a file next to the manifest or below it, got {shown(wasm)}")
    artifact = Artifact(wasm=wasm, kind=table.optional_choice("kind", ComponentKind), args=_arguments(table))
    table.close()
    return artifact


def _arguments(table: Table) -> tuple[str, ...]:
    arguments = table.texts("args")
    problem = argument_problem(arguments)
    if problem:
        table.problem("args", problem)
    return arguments


def argument_problem(arguments: Sequence[str]) -> str:
    """Return why a component cannot be given these arguments, as text; empty if it can."""
    sizes = [len(argument.encode(errors="replace")) for argument in arguments]
    if len(arguments) > MOST_ARGUMENTS:
        return f"expected at most {MOST_ARGUMENTS} arguments, got {len(arguments)}"
    if sum(sizes) > ARGUMENT_BYTES:
        return f"expected at most {ARGUMENT_BYTES} bytes in all arguments, got {sum(sizes)}"
    return "expected arguments without NUL characters" if any("\0" in each for each in arguments) else ""


def read_build(table: Table) -> Build:
    """Read ``[build]``."""
    build = Build(command=table.optional_text("command"), watch=table.texts("watch"))
    table.close()
    return build


def read_engine(table: Table) -> EngineChoice:
    """Read ``[engine]``."""
    engine = EngineChoice(tier=table.optional_choice("tier", Tier))
    table.close()
    return engine


def read_capabilities(table: Table) -> Capabilities:
    """Read ``[capabilities]``."""
    capabilities = Capabilities(
        filesystem=_declared(table, "filesystem", parse_filesystem),
        network=_declared(table, "network", parse_network),
        storage=table.optional_choice("storage", StorageAccess),
        messaging=_declared(table, "messaging", parse_messaging),
        process=_declared(table, "process", parse_process),
        environment=_declared(table, "environment", parse_environment),
        rationale=table.optional_text("rationale") or "",
    )
    _check_amount(table, capabilities)
    table.close()
    return capabilities


def _check_amount(table: Table, capabilities: Capabilities) -> None:
    lists = {
        key: tuple(map(str, getattr(capabilities, key)))
        for key in ("filesystem", "network", "messaging", "process", "environment")
    }
    key = max(lists, key=lambda key: len(lists[key]))
    count = sum(map(len, lists.values())) + (capabilities.storage is not None)
    size = sum(len(text.encode(errors="surrogatepass")) for texts in lists.values() for text in texts)
    if count > MAX_PERMISSIONS:
        table.problem(key, f"expected at most {MAX_PERMISSIONS} permissions in all, got {count}")
    elif size > MAX_PATTERN_BYTES:
        table.problem(key, f"expected at most {MAX_PATTERN_BYTES} bytes in all permissions together, got {size}")


def read_durability(table: Table) -> Durability:
    """Read ``durability`` of ``[resources]``; :func:`read_limits` closes that table."""
    return table.choice("durability", Durability, Durability.NORMAL)


def read_overflow(table: Table) -> Overflow:
    """Read ``mailbox_overflow`` of ``[resources]``; :func:`read_limits` closes that table."""
    return table.choice("mailbox_overflow", Overflow, Overflow.REJECT)


def read_limits(table: Table) -> Limits:
    """Read the limits of ``[resources]``; each key within :data:`~airssys_tui.core.limits.BOUNDS`."""
    default = Limits()
    limits = Limits(
        memory=table.size("memory", default.memory, BOUNDS["memory"]),
        table_elements=table.integer("table_elements", default.table_elements, BOUNDS["table_elements"]),
        fuel_per_call=_fuel(table, default.fuel_per_call),
        deadline=table.duration("deadline", default.deadline, BOUNDS["deadline"]),
        init_deadline=table.duration("init_deadline", default.init_deadline, BOUNDS["init_deadline"]),
        command_deadline=table.duration("command_deadline", 0.0, BOUNDS["command_deadline"]) or None,
        handles=table.integer("handles", default.handles, BOUNDS["handles"]),
        storage=table.size("storage", default.storage, BOUNDS["storage"]),
        mailbox=table.integer("mailbox", default.mailbox, BOUNDS["mailbox"]),
        message_size=table.size("message_size", default.message_size, BOUNDS["message_size"]),
        messages_per_second=table.integer(
            "messages_per_second", default.messages_per_second, BOUNDS["messages_per_second"]
        ),
        replicas=table.integer("replicas", default.replicas, BOUNDS["replicas"]),
        compile_cpu=table.duration("compile_cpu", 0.0, BOUNDS["compile_cpu"]) or None,
        compile_wall=table.duration("compile_wall", 0.0, BOUNDS["compile_wall"]) or None,
    )
    table.close()
    return limits


def read_supervision(table: Table) -> Supervision:
    """Read ``[supervision]``."""
    default = Supervision()
    supervision = Supervision(
        restart=table.choice("restart", RestartPolicy, default.restart),
        max_restarts=table.integer("max_restarts", default.max_restarts, Bound(0, 1_000)),
        window=table.duration("window", default.window, Bound(0.1, _DAY)),
        backoff=_backoff(table.table("backoff")),
        shutdown=table.duration("shutdown", default.shutdown, Bound(0.0, 300.0)),
        restore_state=table.boolean("restore_state", default.restore_state),
    )
    table.close()
    return supervision


def read_health(table: Table) -> HealthPolicy:
    """Read ``[health]``."""
    default = HealthPolicy()
    health = HealthPolicy(
        interval=table.duration("interval", default.interval, Bound(0.1, _DAY)),
        timeout=table.duration("timeout", default.timeout, Bound(0.020, 3600.0)),
        failures=table.integer("failures", default.failures, Bound(1, 1_000)),
    )
    table.close()
    return health


def read_deployment(table: Table) -> Deployment:
    """Read ``[deployment]``."""
    default = Deployment()
    deployment = Deployment(
        strategy=_strategy(table, default.strategy),
        probation=table.duration("probation", default.probation, Bound(0.0, _DAY)),
        traps=table.integer("traps", default.traps, Bound(0, 1_000)),
        stable_after=table.integer("stable_after", default.stable_after, Bound(1, 1_000_000)),
        regression=_regression(table.table("regression")),
        keep=table.integer("keep", default.keep, Bound(1, 1_000)),
        canary=_canary(table.table("canary")),
    )
    table.close()
    return deployment


MOST_RECORDED: Final = 1_000
"""Calls of a component that can be recorded at most."""


def read_state(table: Table) -> StateKeeping:
    """Read ``[state]``."""
    every = table.duration("snapshot_every", 0.0, Bound(1.0, _DAY))
    record = table.integer("record", 0, Bound(0, MOST_RECORDED))
    table.close()
    return StateKeeping(snapshot_every=every or None, record=record)


def read_config(table: Table) -> tuple[ConfigEntry, ...]:
    """Read ``[config]``: arbitrary keys with JSON-compatible values."""
    entries: list[ConfigEntry] = []
    for key in table.free_keys():
        value = table.raw(key)
        problem = _not_json(value)
        if problem:
            table.problem(key, problem)
        else:
            text = msgspec.json.encode(value, order="deterministic").decode()
            entries.append(ConfigEntry(key, text))
    return tuple(sorted(entries, key=lambda entry: entry.key))


def read_dependencies(table: Table) -> tuple[Dependency, ...]:
    """Read ``[dependencies]``: component names and version requirements."""
    found: list[Dependency] = []
    for key in table.free_keys():
        table.attempt(key, partial(ComponentId.parse, key))
        requirement = table.checked_text(key, _check_requirement)
        if requirement is not None:
            found.append(Dependency(key, requirement))
    return tuple(sorted(found, key=lambda dependency: dependency.name))


def read_security(table: Table, deadline: float = math.inf) -> Security:
    """Read ``[security]``.

    Args:
        table: The section.
        deadline: Seconds that a call of the component may take; nothing waits for as long.
    """
    wait = table.duration("wait_for_answer", 0.0, Bound(0.0, MOST_WAIT_FOR_ANSWER))
    if wait and wait >= deadline:
        table.problem(
            "wait_for_answer",
            f"{format_duration(wait)} is not less than the {format_duration(deadline)} that a call may take: "
            "raise deadline under [resources]",
        )
    security = Security(
        public_key=table.optional_text("public_key"),
        signature=table.optional_text("signature"),
        wait_for_answer=wait,
    )
    table.close()
    return security


def _declared(table: Table, key: str, parse: Callable[[str], Any]) -> tuple[Any, ...]:
    return tuple(sorted(set(table.items(key, lambda value: parse(read_text(value)))), key=str))


def _fuel(table: Table, default: int) -> int:
    if table.raw("fuel_per_call") == UNLIMITED:
        return UNLIMITED_FUEL
    return table.integer("fuel_per_call", default, BOUNDS["fuel_per_call"])


def _backoff(table: Table) -> Backoff:
    default = Backoff()
    backoff = Backoff(
        initial=table.duration("initial", default.initial, Bound(0.001, 3600.0)),
        factor=table.number("factor", default.factor, Bound(1.0, 100.0)),
        max=table.duration("max", default.max, Bound(0.001, _DAY)),
        jitter=table.number("jitter", default.jitter, Bound(0.0, 1.0)),
    )
    table.close()
    return backoff


def _strategy(table: Table, default: Strategy) -> Strategy:
    strategy = table.choice("strategy", Strategy, default)
    if strategy is Strategy.CANARY:
        table.problem("strategy", "'canary' is not available; choose 'blue-green' or 'stop-start'")
    return strategy


def _regression(table: Table) -> Regression:
    default = Regression()
    regression = Regression(
        fuel=table.number("fuel", default.fuel, Bound(1.0, 1_000.0)),
        latency=table.number("latency", default.latency, Bound(1.0, 1_000.0)),
        action=table.choice("action", RegressionAction, default.action),
    )
    table.close()
    return regression


def _canary(table: Table) -> Canary:
    default = Canary()
    steps = table.items("steps", _percentage) or default.steps
    if list(steps) != sorted(set(steps)):
        table.problem("steps", "expected increasing percentages, such as [5, 25, 50]")
    canary = Canary(steps=steps, step=table.duration("step", default.step, Bound(0.1, _DAY)))
    table.close()
    return canary


def _percentage(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 99:
        raise ExpectationError(f"expected a percentage from 1 to 99, got {shown(value)}")
    return value


def _check_requirement(text: str) -> None:
    from airssys_tui.core.manifest.dependencies import is_requirement  # noqa: PLC0415 - late: few manifests need the library

    if not is_requirement(text):
        raise ExpectationError(f"expected a version requirement such as '^1.0', got {shown(text)}")


def _not_json(value: Any) -> str:
    """Return why JSON cannot represent a value; empty when it can."""
    if isinstance(value, dict):
        return next(filter(None, map(_not_json, value.values())), "")
    if isinstance(value, list):
        return next(filter(None, map(_not_json, value)), "")
    if isinstance(value, float) and not math.isfinite(value):
        return f"JSON cannot represent {value}, and a component reads its configuration as JSON"
    if isinstance(value, int) and not _INT64.least <= value <= _INT64.most:
        return "expected a whole number of at most 64 bits"
    if not isinstance(value, str | int | float | bool):
        return f"JSON has no dates or times: write {value} in quotes"
    return ""
