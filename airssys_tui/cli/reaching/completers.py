"""Shell completion from the catalog: component names and revision numbers.

They run when the user presses the tab key and read only the catalog: neither the engine nor the screens are loaded.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airssys_tui.core.errors import AirssysError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cyclopts.completion import CompletionContext

    from airssys_tui.api.views.granting import GrantsView
    from airssys_tui.cli.reaching.site import Site


MOST_PATHS: Final = 200
"""Most paths that are offered."""

LONGEST: Final = 80
"""Most characters of a signature that are shown beside an export."""


def component_names(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the components of the command line's folder, each with its version and state.

    Raises:
        AirssysError: The catalog cannot be read; the parser's library does not print this error.
    """
    from airssys_tui.cli.reaching.offline_views import recorded_components  # noqa: PLC0415 - late: only for the tab key

    return [(view.id, f"{view.version or ''} {view.state}".strip()) for view in recorded_components(_site(context))]


def group_names(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the groups of the command line's folder, each with its members.

    Raises:
        AirssysError: Its configuration cannot be read; the parser's library does not print this error.
    """
    from airssys_tui.cli.reaching.offline_groups import folder_groups  # noqa: PLC0415 - late: only for the tab key

    found = folder_groups(_site(context))
    return [(group.name, ", ".join(member.name for member in group.members)) for group in found]


def revision_numbers(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the revisions of the component that the command line names, newest first.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    from airssys_tui.cli.reaching.offline_views import recorded_versions  # noqa: PLC0415 - late: only for the tab key

    named = context.get("name")
    if named is None or not named.raw:
        return []
    timeline = recorded_versions(_site(context), str(named.raw))
    return [(str(view.number), f"{view.version or ''} {view.outcome}".strip()) for view in timeline]


def called_components(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return what can be called: components of the folder, and the paths that begin like the word being written.

    A path needs no catalog, so it is offered where there is none.
    """
    names: Iterable[tuple[str, str]] = ()
    with contextlib.suppress(AirssysError):
        names = component_names(context)
    above, slash, start = context.incomplete.rpartition("/")
    paths: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        near = (path for path in Path(above or slash or ".").iterdir() if path.name.startswith(start))
        shown = (path for path in near if start or not path.name.startswith("."))
        paths = sorted(f"{above}{slash}{path.name}" for path in shown if path.suffix == ".wasm" or path.is_dir())
    return [*names, *((path, "path") for path in paths[:MOST_PATHS])]


def component_exports(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the exports of the component that the command line names, but for those that only the host calls.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    from airssys_tui.cli.reaching.offline_views import recorded_detail  # noqa: PLC0415 - late: only for the tab key
    from airssys_tui.core.description import is_host_call  # noqa: PLC0415

    named = context.get("path")
    if named is None or not named.raw:
        return []
    exports = (each.partition(": ") for each in recorded_detail(_site(context), str(named.raw)).exports)
    return [(path, signature[:LONGEST]) for path, _, signature in exports if not is_host_call(path)]


def _site(context: CompletionContext) -> Site:
    """Return the site that an incomplete command line refers to."""
    from airssys_tui.cli.reaching.site import locate  # noqa: PLC0415 - late: only for the tab key

    named = [value.raw if (value := context.get(name)) else None for name in ("--folder", "--state-dir")]
    folder, state_dir = (Path(text) if text else None for text in named)
    return locate(folder, state_dir, must_exist=False)


def wanted_permissions(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return what the component of the command line asks for, was denied or declares, and is not granted.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    view = _grants(context)
    if view is None:
        return []
    found = {each.permission: "asked for" for each in view.questions}
    found |= {each.access: f"denied {each.count} times" for each in view.denials if each.access not in found}
    found |= {
        row.permission: row.standing
        for row in view.rows
        if row.standing not in {"granted", "forbidden"} and row.permission not in found
    }
    return list(found.items())


def answered_permissions(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return what was granted to the component of the command line, or refused for good.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    view = _grants(context)
    rows = view.rows if view is not None else ()
    beyond = view.beyond if view is not None else ()
    every = [*(each for row in rows for each in row.answers), *beyond]
    return list({each.permission: f"{each.scope} by {each.who}" for each in every}.items())


def trust_rules(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the names of the trust rules.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    from airssys_tui.cli.reaching.offline_rights import recorded_trust  # noqa: PLC0415 - late: only for the tab key

    return [(rule.name, rule.source or rule.key) for rule in recorded_trust(_site(context)).rules]


def _grants(context: CompletionContext) -> GrantsView | None:
    from airssys_tui.cli.reaching.offline_rights import recorded_grants  # noqa: PLC0415 - late: only for the tab key

    named = context.get("name")
    return None if named is None or not named.raw else recorded_grants(_site(context), str(named.raw))


def plain_topics(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the topics without wildcards that components declare to publish on or subscribe to.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    return [(topic, who) for topic, who in topic_patterns(context) if not {"*", "#"} & set(topic.split("."))]


def topic_patterns(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the topics and patterns that components declare to publish on or subscribe to, each with one of them.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    from airssys_tui.cli.reaching.offline_views import recorded_topics  # noqa: PLC0415 - late: only for the tab key

    return sorted(recorded_topics(_site(context)).items())
