"""The policy file of a run without anyone to ask, and the configuration of a folder, whose ``[trust]`` is the same.

::

    [trust]
    default = ["storage", "messaging"]   # granted once declared; [] for none
    observe = ["shop/*"]                 # components whose denials are recorded and not carried out
    idle_calls = 1000                    # a grant is idle after so many calls that did not use it,
    idle_after = "7d"                    # or after so long

    [[trust.rule]]                       # components that are trusted, by where they lie or who signed them
    name = "vendor"
    source = "/srv/vendor/**"
    key = "…"                            # source, key or both
    permissions = ["network:connect:*.vendor.example:443"]

    [[grant]]                            # only in a policy file
    component = "fetcher"                # or a glob, such as "shop/*"
    permissions = ["network:connect:api.example.com:443"]
    rationale = "daily rates"

    [[deny]]
    component = "*/*"
    permissions = ["process:spawn:*"]

Permissions are in their text form. Every problem is reported at once, with its line and key. A folder's configuration
also says where requests come in (``[http]``, see ``core.manifest.http_sections``), which component provides what
another one imports (``[links]``, see ``core.links.link_table``), and which are supervised together (``[groups]``, see
``core.groups.group_table``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.capability.forbidden import is_ungrantable
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.permission import Kind, Permission, parse_permission
from airssys_tui.core.capability.policy import (
    DEFAULT_KINDS,
    IDLE_AFTER,
    IDLE_CALLS,
    Answer,
    AnsweredBy,
    PolicySource,
    TrustRule,
)
from airssys_tui.core.errors import ManifestError, ManifestProblem
from airssys_tui.core.groups.group_table import GroupTable, read_groups
from airssys_tui.core.limits import Bound
from airssys_tui.core.links.link_table import LinkTable, read_links
from airssys_tui.core.manifest.http_sections import HttpServing, read_http_serving
from airssys_tui.core.manifest.scalars import ExpectationError, read_choice, read_text, shown
from airssys_tui.core.manifest.table_reader import Report, Table
from airssys_tui.core.manifest.toml_bounds import MAX_BYTES, TomlError, load_toml
from airssys_tui.core.pattern.glob import check_path_glob
from airssys_tui.core.pattern.name_glob import check_component_glob
from airssys_tui.core.regular_file import FileAbsent, read_regular_text
from airssys_tui.core.text import one_line

FOLDER_FILE: Final = "airssys.toml"
"""The configuration of a folder of components, which lies in it."""

_CHECK: Final = "correct the policy file; `airssys-tui policy check FILE` looks at it again"
_RESTART: Final = f"correct {FOLDER_FILE} and start the runtime again"

MOST_RULES: Final = 100
"""Trust rules, grants and refusals each, of one file."""

MOST_PERMISSIONS: Final = 256
"""Permissions of one rule or answer."""

MOST_NAME: Final = 64
"""Characters of a rule's name."""

MOST_IDLE: Final = 1_000_000_000
"""The most calls, and seconds, after which a grant may count as idle."""

MOST_KEY: Final = 256
"""Characters of a key."""

MOST_RATIONALE: Final = 1_024
"""Characters of a rationale."""


def read_policy(file: Path) -> PolicySource:
    """Read a policy file from the disk; see :func:`parse_policy`.

    Raises:
        ManifestError: With every problem in it.
        FileError: It cannot be read.
    """
    try:
        text = read_regular_text(file, MAX_BYTES)
    except UnicodeDecodeError as error:
        raise _invalid((_undecodable(file, error),)) from error
    return parse_policy(text, str(file))


class FolderSettings(msgspec.Struct, frozen=True):
    """What the configuration of a folder says.

    Attributes:
        policy: What is granted without a question.
        http: Where requests for its components come in.
        links: Which component provides an import of another one.
        groups: Which components are supervised together.
    """

    policy: PolicySource = PolicySource()
    http: HttpServing = HttpServing()
    links: LinkTable = LinkTable()
    groups: GroupTable = GroupTable()


def read_folder_settings(folder: Path) -> FolderSettings:
    """Read a folder's configuration file; without the file, what holds by default.

    Raises:
        ManifestError: With every problem in it.
        FileError: It cannot be read.
    """
    file = folder / FOLDER_FILE
    try:
        text = read_regular_text(file, MAX_BYTES)
    except FileAbsent:
        return FolderSettings()
    except UnicodeDecodeError as error:
        raise _invalid((_undecodable(file, error),), _RESTART) from error
    root, report = _opened(text, FOLDER_FILE, _RESTART)
    found = FolderSettings(
        read_trust(root.table("trust")),
        read_http_serving(root.table("http")),
        read_links(root.table("links")),
        read_groups(root.table("groups")),
    )
    root.close()
    if problems := report.problems():
        raise _invalid(problems, _RESTART, "bad configuration")
    return found


def parse_policy(text: str, path: str) -> PolicySource:
    """Read a policy file. Nobody is asked under it: what it does not grant is denied.

    Args:
        text: The document.
        path: Its path, used only in problems.

    Raises:
        ManifestError: With every problem found, if there are any.
    """
    root, report = _opened(text, path)
    trust = read_trust(root.table("trust"))
    answers = _answers(root, "grant", Scope.ALWAYS, report) + _answers(root, "deny", Scope.NEVER, report)
    root.close()
    problems = report.problems()
    if problems:
        raise _invalid(problems)
    return msgspec.structs.replace(trust, answers=answers, answered_by=AnsweredBy.POLICY_FILE)


def _opened(text: str, path: str, remedy: str = _CHECK) -> tuple[Table, Report]:
    text = text.removeprefix("\ufeff")
    try:
        document = load_toml(text)
    except TomlError as error:
        raise _invalid((ManifestProblem(path, error.line, "", one_line(error.message, 300)),), remedy) from error
    report = Report(path, text)
    return Table(document, (), report), report


def _undecodable(file: Path, error: UnicodeDecodeError) -> ManifestProblem:
    return ManifestProblem(str(file), 1, "", f"not UTF-8: byte {error.start}")


def _invalid(
    problems: tuple[ManifestProblem, ...], remedy: str = _CHECK, title: str = "bad policy file"
) -> ManifestError:
    error = ManifestError(problems, remedy)
    error.title = title
    return error


def read_trust(table: Table) -> PolicySource:
    """Read ``[trust]``; problems go to the report of the table."""
    kinds = table.items("default", lambda value: read_choice(value, Kind))
    default = DEFAULT_KINDS if table.raw("default") is None else tuple(dict.fromkeys(kinds))
    observed = table.items("observe", _component)
    rules: dict[str, TrustRule] = {}
    for each in _tables(table, "rule"):
        rule = _rule(each)
        if rule.name in rules:
            each.problem("name", f"there are two rules of the name {shown(rule.name)}")
        rules[rule.name] = rule
    idle_calls = table.integer("idle_calls", IDLE_CALLS, Bound(1, MOST_IDLE))
    idle_after = table.duration("idle_after", IDLE_AFTER, Bound(1.0, MOST_IDLE))
    table.close()
    return PolicySource(
        default=default, rules=tuple(rules.values()), observed=observed, idle_calls=idle_calls, idle_after=idle_after
    )


def check_rule(rule: TrustRule) -> None:
    """Check a trust rule that an operator adds.

    Raises:
        ValueError: With what was expected.
    """
    _name(rule.name)
    if rule.source:
        check_path_glob(rule.source)
    if rule.key:
        _key(rule.key)
    if not (rule.source or rule.key):
        raise ValueError("a trust rule needs a source or a key: trust in everything would make every question needless")
    if not rule.permissions:
        raise ValueError("a trust rule needs permissions, such as network:connect:*.example.com:443")
    if len(rule.permissions) > MOST_PERMISSIONS:
        raise ValueError(f"a trust rule has at most {MOST_PERMISSIONS} permissions")
    for permission in rule.permissions:
        check_grantable(permission)


def check_grantable(permission: Permission, reserved: tuple[str, ...] = ()) -> None:
    """Check that a permission can be granted to anybody.

    Raises:
        ValueError: If it is forbidden.
    """
    if is_ungrantable(permission, reserved):
        raise ValueError(f"nobody can be granted {permission}: it is on the list of what is forbidden")


def _rule(table: Table) -> TrustRule:
    name = table.required_text("name", "vendor")
    if name:
        table.attempt("name", lambda: _name(name))
    source, key = table.checked_text("source", check_path_glob), table.checked_text("key", _key)
    if source is None and key is None and table.raw("source") is None and table.raw("key") is None:
        table.problem("source", 'is required, such as source = "/srv/vendor/**", unless there is a key')
    rule = TrustRule(name=name, source=source or "", key=key or "", permissions=_permissions(table, Scope.ALWAYS))
    table.close()
    return rule


def _answers(root: Table, key: str, scope: Scope, report: Report) -> tuple[Answer, ...]:
    return tuple(_answer(each, scope) for each in _tables(root, key)) if not report.full else ()


def _answer(table: Table, scope: Scope) -> Answer:
    component = table.required_text("component", "fetcher")
    if component:
        table.attempt("component", lambda: check_component_glob(component))
    rationale = table.optional_text("rationale") or ""
    if len(rationale) > MOST_RATIONALE:
        table.problem("rationale", f"expected at most {MOST_RATIONALE} characters, got {len(rationale)}")
    answer = Answer(component=component, permissions=_permissions(table, scope), scope=scope, rationale=rationale)
    table.close()
    return answer


def _permissions(table: Table, scope: Scope) -> tuple[Permission, ...]:
    def read(value: Any) -> Permission:
        permission = parse_permission(read_text(value))
        if scope is not Scope.NEVER:
            check_grantable(permission)
        return permission

    given = table.raw("permissions")
    if given is None or given == []:
        table.problem("permissions", 'is required, such as permissions = ["network:connect:api.example.com:443"]')
    elif isinstance(given, list) and len(given) > MOST_PERMISSIONS:
        table.problem("permissions", f"expected at most {MOST_PERMISSIONS} permissions, got {len(given)}")
        return ()
    return tuple(dict.fromkeys(table.items("permissions", read)))


def _tables(table: Table, key: str) -> tuple[Table, ...]:
    found = table.tables(key)
    if len(found) > MOST_RULES:
        table.problem(key, f"expected at most {MOST_RULES} of [[{key}]], got {len(found)}")
        return ()
    return found


def _component(value: Any) -> str:
    text = read_text(value)
    check_component_glob(text)
    return text


def _name(name: str) -> None:
    words = name.replace("-", "a").replace("_", "a")
    if len(name) > MOST_NAME or not (words.isascii() and words.isalnum()):
        raise ExpectationError(f"expected a name of letters, digits, - and _, at most {MOST_NAME}, got {shown(name)}")


def _key(key: str) -> None:
    if len(key) > MOST_KEY or not key or not key.isascii() or any(char.isspace() for char in key):
        raise ExpectationError(f"expected a public key of at most {MOST_KEY} characters, got {shown(key)}")
