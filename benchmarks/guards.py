"""Decisions of the guard: what a door asks before each effect. With the records of a real runtime behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from typing import Final

from airssys_tui.core.capability.decision import decide
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.core.capability.policy import Policy
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.rights import Standing
from benchmarks.clock import Effort, pair, seconds_per_call
from benchmarks.report import Row, beside
from benchmarks.scene import running, scratch

NAME: Final = "local/subject"
TEXTS: Final = (
    "filesystem:read:/srv/data/**",
    "filesystem:write:/srv/data/out/*",
    "network:connect:*.example.com:443",
    "process:spawn:git",
)
DECLARED: Final = tuple(map(parse_permission, TEXTS))
GRANTS: Final = tuple(
    Grant(id=number, component=NAME, permission=each, scope=Scope.ALWAYS, who="operator", at=0.0)
    for number, each in enumerate(DECLARED, 1)
)
POLICY: Final = Policy(component=NAME)
ALLOWED: Final = Access(Kind.FILESYSTEM, "read", "/srv/data/2026/report.txt")
UNDECLARED: Final = Access(Kind.FILESYSTEM, "read", "/srv/other/report.txt")
EACH: Final = 500
"""Accesses that a guard has not met: fewer than it remembers."""

MICRO: Final = 1e6


def decisions(effort: Effort) -> Iterator[Row]:
    """An access that was allowed before, one that was not asked before, and one that is denied."""
    with scratch() as directory, running(directory) as runtime:
        desk = runtime.probe.system.guards
        rights = desk.of(NAME)
        rights.standing = Standing(POLICY, GRANTS)

        def guard() -> ComponentGuard:
            made = ComponentGuard(rights, DECLARED, desk, 1)
            made.serve()
            return made

        standing = guard()
        _expect(standing, ALLOWED, allowed=True)
        _expect(standing, UNDECLARED, allowed=False)
        known = {ALLOWED: 1.0}
        warm, bare = pair(effort, lambda: standing.require(ALLOWED), lambda: known.get(ALLOWED))
        yield beside("guard/warm", warm * MICRO, "µs", "a look into a dictionary", bare * MICRO)
        cold, rules = _cold(effort, guard)
        yield beside("guard/cold", cold * MICRO, "µs", "the rules alone", rules * MICRO)
        denied, rules = pair(effort, lambda: standing.require(UNDECLARED), lambda: _decide(UNDECLARED))
        yield beside("guard/denied", denied * MICRO, "µs", "the rules alone", rules * MICRO)


def _cold(effort: Effort, guard: Callable[[], ComponentGuard]) -> tuple[float, float]:
    """Return the seconds of a decision about what was never asked, and of the rules about the same."""
    numbers, ours, rules = count(), [], []
    for _ in range(effort.rounds):
        paths = [Access(Kind.FILESYSTEM, "read", f"/srv/data/{next(numbers)}") for _ in range(effort.count(EACH))]
        require = guard().require
        asked, judged = iter(paths), iter(paths)
        ours.append(seconds_per_call(lambda asked=asked, require=require: require(next(asked)), len(paths)))  # type: ignore[misc]
        rules.append(seconds_per_call(lambda judged=judged: _decide(next(judged)), len(paths)))  # type: ignore[misc]
    return median(ours), median(rules)


def _decide(access: Access) -> object:
    return decide(access, DECLARED, GRANTS, POLICY, 1.0)


def _expect(guard: ComponentGuard, access: Access, *, allowed: bool) -> None:
    if (guard.require(access) is None) is not allowed:
        raise AssertionError(f"{access} is{'' if allowed else ' not'} denied")
