"""``grants``, ``grant``, ``revoke``, ``approve``, ``deny`` and ``tighten``: what components may reach."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.api.commands import Approve, Deny, Grant, Revoke
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.completers import answered_permissions, wanted_permissions
from airssys_tui.cli.reaching.named_revision import revision_number
from airssys_tui.cli.reaching.options import (
    HERE,
    NameArgument,
    Place,
    RevisionArgument,
    component_name,
    seconds_of,
)
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.cli.reaching.reach import ANSWER, Without, ask, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.capability.decision import approval, command
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line
from airssys_tui.core.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airssys_tui.api.views.granting import DenialView, GrantsView, GrantView, PermissionRow, QuestionView

ALL_COLUMNS: Final = (
    PlainColumn("NAME", least=12),
    PlainColumn("DECLARED", right=True),
    PlainColumn("GRANTED", right=True),
    PlainColumn("QUESTIONS", right=True, rank=1),
    PlainColumn("DENIALS", right=True, rank=2),
    PlainColumn("NOTE", least=10, rank=3),
)
ROW_COLUMNS: Final = (
    PlainColumn("PERMISSION", least=24),
    PlainColumn("STANDING"),
    PlainColumn("BY", rank=1),
    PlainColumn("HOW LONG", rank=2),
    PlainColumn("LAST USED", rank=3),
)

OBSERVED: Final = "observed: nothing is denied, denials are only recorded"

WantedArgument = Annotated[str, Parameter(completer=wanted_permissions)]
AnsweredArgument = Annotated[str, Parameter(completer=answered_permissions)]


def grants(name: NameArgument | None = None, /, *, place: Place = HERE) -> int:
    """Show what components may reach: declared and granted permissions, open questions, denials and what allows them.

    While no runtime runs, the answer comes from the catalog.

    Args:
        name: One component, as `name` or `namespace/name`. Default: one line for each.
        place: Which runtime.
    """
    wanted = None if name is None else component_name(name)
    site = locate(place.folder, place.state_dir)
    with reach(site, Without.RECORD) as api:
        names = [wanted] if wanted is not None else [row.id for row in api.snapshot().components]
        views = [api.grants(each).result(ANSWER) for each in names]
    if place.json:
        answer(views[0] if wanted is not None else views)
    elif wanted is not None:
        _say_one(views[0])
    elif views:
        say_table(ALL_COLUMNS, [_line(view) for view in views])
    else:
        say("there are no components")
    return ExitCode.OK


def tighten(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Print the lines under `[capabilities]` that would have been enough for everything that a component did so far.

    Nothing is changed: look at the lines, and write them into the manifest if they are enough for what it will do.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    component, site = component_name(name), locate(place.folder, place.state_dir)
    view = ask(site, lambda api: api.grants(component), Without.RECORD)
    used = any(each.last_used_at is not None for row in view.rows for each in row.answers)
    idle = [each.permission for row in view.rows for each in row.answers if each.idle]
    if place.json:
        answer({"component": view.component, "lines": view.tighter, "idle": idle, "used": used})
        return ExitCode.OK
    if not view.rows:
        say(f"{view.component} declares no permissions")
    elif view.tighter:
        say("[capabilities]")
        for line in view.tighter:
            say(line)
    elif not used:
        warn(f"{view.component} has used nothing so far: let it work for a while first")
    else:
        say(f"{view.component} declares no more than it used")
    for permission in dict.fromkeys(idle):
        warn(f"granted and idle: {permission}; take it back: {command('revoke', view.component, permission)}")
    return ExitCode.OK


def _line(view: GrantsView) -> tuple[str, ...]:
    granted = sum(row.standing == "granted" for row in view.rows)
    notes = [f"r{view.candidate} waits for approval"] if view.candidate is not None else []
    notes += ["a call waits for an answer"] if any(each.waits_until is not None for each in view.questions) else []
    notes += ["observed: nothing is denied"] if view.mode == "observe" else []
    return (
        view.component,
        str(len(view.rows)),
        str(granted),
        str(len(view.questions)),
        str(sum(denial.count for denial in view.denials)),
        " · ".join(notes),
    )


def _say_one(view: GrantsView) -> None:
    for line in _heading(view):
        say(line)
    if view.rows:
        say_table(ROW_COLUMNS, [cells for row in view.rows for cells in _cells(row)])
    else:
        say("it declares no permissions")
    for line in _rest(view):
        say(line)


def _rest(view: GrantsView) -> Iterator[str]:
    if view.beyond:
        yield "\nanswers about what is not declared; they allow nothing:"
        yield from (
            f"  {one_line(each.permission, 400)}  {each.scope}, by {one_line(each.who)}" for each in view.beyond
        )
    if view.questions:
        yield "\nquestions:"
        yield from (line for question in view.questions for line in _question(question))
    if view.denials:
        yield "\ndenials:"
        yield from (line for denial in view.denials for line in _denial(denial))
    if view.tighter:
        yield "\nso far these lines under [capabilities] would have been enough:"
        yield from (f"  {line}" for line in view.tighter)


def _heading(view: GrantsView) -> Iterator[str]:
    serving = "no revision serves" if view.revision is None else f"r{view.revision} serves"
    yield f"{view.component}: {serving}"
    if view.candidate is not None:
        approves = approval(view.component, view.candidate)
        yield f"r{view.candidate} waits for approval of what is marked with *: {approves}"
    if view.mode == "observe":
        yield OBSERVED
    if view.rationale:
        yield f"because: {one_line(view.rationale, 400)}"


def _cells(row: PermissionRow) -> Iterator[tuple[str, ...]]:
    """Yield a line for the permission, and one for each answer that is about a part of it, or that comes second."""
    name = f"{'*' if row.waits else ''}{one_line(row.permission, 400)}"
    answers = [each for each in row.answers if each.in_force] or list(row.answers)
    whole = [each for each in answers if each.permission == row.permission]
    first = whole[0] if whole else None
    yield (name, row.standing, *_answer(first))
    for each in answers:
        if each is not first:
            about = "the same" if each.permission == row.permission else one_line(each.permission, 400)
            yield (f"  {about}", "", *_answer(each))


def _answer(each: GrantView | None) -> tuple[str, str, str]:
    if each is None:
        return NOTHING, NOTHING, NOTHING
    return one_line(each.who), _how_long(each), moment(each.last_used_at) + (" · idle" if each.idle else "")


def _how_long(each: GrantView) -> str:
    if not each.in_force:
        return "expired" if each.expires_at is not None else "used up" if each.scope == "once" else "ended"
    return each.scope if each.expires_at is None else f"{each.scope}, until {moment(each.expires_at)}"


def times(count: int) -> str:
    """Return how often something happened."""
    return "once" if count == 1 else f"{count} times"


def _question(question: QuestionView) -> Iterator[str]:
    denied = f", denied {times(question.count)}" if question.count else ""
    yield f"  {question.id}  {one_line(question.permission, 400)}  since {moment(question.at)}{denied}"
    if question.waits_until is not None:
        left = format_duration(max(0.0, question.waits_until - time.time()))
        inside = f"a call of {one_line(question.waits_in)}" if question.waits_in else "a call"
        yield f"     {inside} waits for the answer, {left} still"
    if question.rationale:
        yield f"     because: {one_line(question.rationale, 400)}"


def _denial(denial: DenialView) -> Iterator[str]:
    yield f"  {one_line(denial.access, 400)}  {denial.reason}, {times(denial.count)}, last {moment(denial.last_at)}"
    if denial.remedy:
        yield f"     → {one_line(denial.remedy, 1_024)}"


def grant(
    name: NameArgument,
    permission: WantedArgument,
    /,
    *,
    duration: Annotated[str | None, Parameter(name="--for")] = None,
    once: bool = False,
    session: bool = False,
    never: bool = False,
    rationale: str = "",
    place: Place = HERE,
) -> int:
    """Grant a component a permission; it takes effect at the next access, as far as the manifest declares it.

    Args:
        name: The component, as `name` or `namespace/name`.
        permission: Such as `network:connect:api.example.com:443`, `filesystem:read:/data/**` or `process:spawn:git`.
        duration: How long it holds, such as "1h" or "7d". Default: until it is revoked.
        once: For one access only.
        session: Until the runtime ends.
        never: Refuse it for good instead, as `deny` does.
        rationale: Why, for the audit.
        place: Which runtime.
    """
    chosen = [scope for scope, given in ((Scope.ONCE, once), (Scope.SESSION, session), (Scope.NEVER, never)) if given]
    if len(chosen) > 1:
        names = " and ".join(f"--{scope}" for scope in chosen)
        raise UsageError(f"{names} cannot be used together", remedy="use one of --once, --session and --never")
    seconds = None if duration is None else seconds_of(duration)
    scope = chosen[0] if chosen else Scope.ALWAYS
    return carry_out(Grant(component_name(name), permission, scope, seconds, rationale), place)


def revoke(
    name: NameArgument,
    permission: AnsweredArgument = "",
    /,
    *,
    grant: int | None = None,
    every: Annotated[bool, Parameter(name="--all")] = False,
    rationale: str = "",
    place: Place = HERE,
) -> int:
    """Take back what was granted or refused for good; it takes effect at the next access.

    What the default policy or a trust rule grants is refused for good instead: the rule itself stays.

    Args:
        name: The component, as `name` or `namespace/name`.
        permission: Answers about this permission and about parts of it are taken back.
        grant: Number of the one answer to take back, as `grants NAME --json` shows it.
        every: Take back everything that was answered about the component.
        rationale: Why, for the audit.
        place: Which runtime.
    """
    if sum((bool(permission), grant is not None, every)) != 1:
        raise UsageError(
            "say what to take back: a permission, --grant NUMBER, or --all",
            remedy="`airssys-tui grants NAME` shows what was granted",
        )
    return carry_out(Revoke(component_name(name), permission, grant, rationale), place)


def approve(
    name: NameArgument,
    /,
    *,
    only: Annotated[
        list[str] | None, Parameter(completer=wanted_permissions, negative_iterable=(), consume_multiple=True)
    ] = None,
    revision: RevisionArgument | None = None,
    rationale: str = "",
    place: Place = HERE,
) -> int:
    """Grant everything that a component asks for; a revision that waits for approval is then deployed.

    Args:
        name: The component, as `name` or `namespace/name`.
        only: Grant only these permissions, or parts of what is asked for; the others are refused for good.
        revision: The revision that you saw waiting; nothing is granted when another one waits by now.
        rationale: Why, for the audit.
        place: Which runtime.
    """
    name = component_name(name)
    number = None if revision is None else revision_number(name, revision, place)
    return carry_out(Approve(name, tuple(only or ()), rationale, revision=number), place)


def deny(name: NameArgument, permission: WantedArgument = "", /, *, rationale: str = "", place: Place = HERE) -> int:
    """Refuse a component a permission for good: it is denied and not asked for again until you revoke that.

    Args:
        name: The component, as `name` or `namespace/name`.
        permission: The permission. Default: everything that it asks for; a revision that waits is not deployed.
        rationale: Why, for the audit.
        place: Which runtime.
    """
    return carry_out(Deny(component_name(name), permission, rationale), place)
