"""``trust`` and ``policy``: what is granted without a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from airssys_tui.api.commands import AddTrust, RemoveTrust
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.completers import trust_rules
from airssys_tui.cli.reaching.options import AS_TEXT, HERE, Form, Place, named_path
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate

_COLUMNS: Final = (
    PlainColumn("RULE"),
    PlainColumn("TRUSTS", least=12),
    PlainColumn("WITH", least=16),
    PlainColumn("COMPONENTS NOW", least=10, rank=1),
    PlainColumn("BY", rank=2),
    PlainColumn("SINCE", rank=3),
)


PolicyArgument = Annotated[Path, Parameter(converter=named_path)]

_POLICY_COLUMNS: Final = (
    PlainColumn("FOR", least=12),
    PlainColumn("ANSWER"),
    PlainColumn("PERMISSION", least=24),
    PlainColumn("BECAUSE", least=10, rank=1),
)


def add(
    rule: str,
    permissions: Annotated[list[str], Parameter(negative_iterable=())],
    /,
    *,
    source: str = "",
    key: str = "",
    place: Place = HERE,
) -> int:
    """Trust components with permissions, without being asked; they still have to declare what they use.

    Nothing that is forbidden, and nothing that you refused for good, is granted by it.

    Args:
        rule: A name for the rule.
        permissions: What they may do, such as `network:connect:*.vendor.example:443`.
        source: Absolute path of the files that are trusted, as a glob such as `/srv/vendor/**`.
        key: Public key of the components that are trusted. With both, both have to fit.
        place: Which runtime.
    """
    return carry_out(AddTrust(rule, tuple(permissions), source, key), place)


def list_(*, place: Place = HERE) -> int:
    """List what is granted without a question: the default policy and the trust rules.

    Args:
        place: Which runtime.
    """
    site = locate(place.folder, place.state_dir)
    view = ask(site, lambda api: api.trust(), Without.RECORD)
    if place.json:
        answer(view)
        return ExitCode.OK
    if view.policy_file:
        say(f"this runtime asks nobody: {view.policy_file} says what is granted")
    say(f"granted once declared: {', '.join(view.default) or 'nothing'}")
    rows = [
        (
            rule.name if not number else "",
            (" and ".join(filter(None, (rule.source, f"key {rule.key}" if rule.key else ""))) if not number else ""),
            permission,
            ", ".join(rule.components) or NOTHING,
            rule.who or NOTHING,
            moment(rule.at or None),
        )
        for rule in view.rules
        for number, permission in enumerate(rule.permissions)
    ]
    if rows:
        say_table(_COLUMNS, rows)
    else:
        say("there are no trust rules")
    return ExitCode.OK


def remove(rule: Annotated[str, Parameter(completer=trust_rules)], /, *, place: Place = HERE) -> int:
    """End a trust rule; what it granted is denied from the next access on.

    Args:
        rule: Its name.
        place: Which runtime.
    """
    return carry_out(RemoveTrust(rule), place)


def check(file: PolicyArgument, /, *, form: Form = AS_TEXT) -> int:
    """Check a policy file and show what it grants; every problem is reported at once, with its line.

    Args:
        file: The file, as for `run --headless --policy`.
        form: How to answer.
    """
    from airssys_tui.core.capability.policy_file import read_policy  # noqa: PLC0415 - late: `--help` needs none of it

    source = read_policy(file)
    if form.json:
        answer(source)
        return ExitCode.OK
    kinds = ", ".join(source.default) or "nothing"
    say(f"granted once declared: {kinds}; everything else that is not below is denied, nobody is asked")
    rows = [
        (each.component, each.scope.value, str(permission), each.rationale or NOTHING)
        for each in source.answers
        for permission in each.permissions
    ]
    rows += [
        (f"trust rule {rule.name}", "always", str(permission), rule.source or f"signed with {rule.key}")
        for rule in source.rules
        for permission in rule.permissions
    ]
    if rows:
        say_table(_POLICY_COLUMNS, rows)
    for pattern in source.observed:
        warn(f"observed: nothing is denied to {pattern}, denials are only recorded")
    return ExitCode.OK
