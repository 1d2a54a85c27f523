"""The catalog behind the runtime's API: it replaces a runtime while none is running."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView
from airssys_tui.api.views.runtime import Done, EventPage, GroupView, Phase, Snapshot
from airssys_tui.cli.reaching.site import Site
from airssys_tui.core.errors import AirssysError, NothingRuns, StateLocked, UsageError
from airssys_tui.core.text import GuestText, one_line

if TYPE_CHECKING:
    from concurrent.futures import Future

    from airssys_tui.api.commands import Command
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.views.granting import (
        AuditPage,
        AuditQuery,
        AuditVerdict,
        GrantsView,
        QuestionView,
        TrustView,
    )
    from airssys_tui.api.views.past import HistoryQuery, StateFile, StateView, Story
else:
    RuntimeApi = object  # else `list` would load every type that the protocol mentions

T = TypeVar("T")

CONFIGURATION: Final = "airssys.toml"
"""The file in the folder that has its groups."""


class RecordedRuntime(RuntimeApi):
    """The catalog of a site. It records a start or stop, which takes effect at the next start of the runtime.

    Every other method of :class:`~airssys_tui.api.protocol.RuntimeApi` needs a running runtime and ends with
    :class:`~airssys_tui.core.errors.NothingRuns`.

    Args:
        site: Folder and state directory.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    @classmethod
    def of(cls, site: Site) -> Self:
        """Return the recorded runtime of a site."""
        return cls(site)

    def __getattr__(self, name: str) -> Callable[..., Future[Any]]:
        """Return a function that answers any other method with ``NothingRuns``."""
        if name.startswith("_"):
            raise AttributeError(name)

        def absent(*_: Any, **__: Any) -> Future[Any]:
            from concurrent.futures import Future  # noqa: PLC0415 - late: `list` needs none

            future: Future[Any] = Future()
            future.set_exception(self._nothing_runs())
            return future

        return absent

    def snapshot(self, since: int = 0) -> Snapshot:  # noqa: ARG002 - the record does not change
        """Return the rows as last recorded."""
        from airssys_tui.cli.reaching.offline_views import recorded_components  # noqa: PLC0415 - late: see `reach`

        groups, problems = self._groups()
        return Snapshot(
            generation=1,
            at=0.0,
            phase=Phase.STOPPED,
            folder=one_line(str(self._site.folder.value)),
            components=recorded_components(self._site),
            groups=groups,
            problems=problems,
        )

    def _groups(self) -> tuple[tuple[GroupView, ...], tuple[GuestText, ...]]:
        """Return the groups of the folder, and what is wrong with its configuration; most folders have none."""
        if not (self._site.folder.value / CONFIGURATION).exists():
            return (), ()
        from airssys_tui.cli.reaching.offline_groups import recorded_groups  # noqa: PLC0415 - late: see `reach`

        return recorded_groups(self._site)

    def events(self, after: int = 0, limit: int = 500) -> EventPage:  # noqa: ARG002 - no buffer of events
        """Return no events: ``history`` has the recorded ones."""
        return EventPage(())

    def submit(self, command: Command, *, who: str = "operator", batch: str = "") -> Future[Done]:
        """Record a start or stop, of a component or of those of a group, and that it can be undone."""

        def work() -> Done:
            from airssys_tui.api.commands import Start, StartGroup, Stop, StopGroup  # noqa: PLC0415 - late: see `reach`
            from airssys_tui.cli.reaching.offline_groups import record_group  # noqa: PLC0415
            from airssys_tui.cli.reaching.offline_views import record_desired  # noqa: PLC0415

            match command:
                case Start(arguments=arguments) if arguments is not None:
                    raise UsageError(
                        "arguments are for one run now, and no runtime is running", remedy="add --wait to run it now"
                    )
                case Start() | Stop():
                    return record_desired(self._site, command, who, batch)
                case StartGroup() | StopGroup():
                    return record_group(self._site, command, who)
            raise self._nothing_runs()

        return self._answer(work)

    def describe(self, component: str) -> Future[ComponentDetail]:
        """Return the recorded details of one component."""
        from airssys_tui.cli.reaching.offline_views import recorded_detail  # noqa: PLC0415

        return self._answer(lambda: recorded_detail(self._site, component))

    def versions(self, component: str) -> Future[tuple[RevisionView, ...]]:
        """Return a component's timeline, newest first."""
        from airssys_tui.cli.reaching.offline_views import recorded_versions  # noqa: PLC0415

        return self._answer(lambda: recorded_versions(self._site, component))

    def diff(self, component: str, revision: int, against: int | None = None) -> Future[RevisionDiff]:
        """Compare a revision with another one, or with the active one."""
        from airssys_tui.cli.reaching.offline_views import recorded_diff  # noqa: PLC0415

        return self._answer(lambda: recorded_diff(self._site, component, revision, against))

    def history(self, query: HistoryQuery) -> Future[EventPage]:
        """Return the recorded events, oldest first."""
        from airssys_tui.cli.reaching.offline_history import recorded_history  # noqa: PLC0415

        return self._answer(lambda: recorded_history(self._site, query))

    def explain(self, component: str) -> Future[Story]:
        """Explain a component's last change."""
        from airssys_tui.cli.reaching.offline_history import recorded_story  # noqa: PLC0415

        return self._answer(lambda: recorded_story(self._site, component))

    def states(self, component: str) -> Future[tuple[StateView, ...]]:
        """Return a component's snapshots, newest first."""
        from airssys_tui.cli.reaching.offline_history import recorded_states  # noqa: PLC0415

        return self._answer(lambda: recorded_states(self._site, component))

    def export_state(self, component: str, snapshot: int) -> Future[StateFile]:
        """Return a snapshot with its bytes."""
        from airssys_tui.cli.reaching.offline_history import recorded_state  # noqa: PLC0415

        return self._answer(lambda: recorded_state(self._site, component, snapshot))

    def grants(self, component: str) -> Future[GrantsView]:
        """Return what a component declares and what of it is granted."""
        from airssys_tui.cli.reaching.offline_rights import recorded_grants  # noqa: PLC0415

        return self._answer(lambda: recorded_grants(self._site, component))

    def questions(self) -> Future[tuple[QuestionView, ...]]:
        """Return the open questions, oldest first."""
        from airssys_tui.cli.reaching.offline_rights import recorded_questions  # noqa: PLC0415

        return self._answer(lambda: recorded_questions(self._site))

    def trust(self) -> Future[TrustView]:
        """Return the default policy and the trust rules."""
        from airssys_tui.cli.reaching.offline_rights import recorded_trust  # noqa: PLC0415

        return self._answer(lambda: recorded_trust(self._site))

    def audit(self, query: AuditQuery) -> Future[AuditPage]:
        """Return entries of the audit, oldest first."""
        from airssys_tui.cli.reaching.offline_rights import recorded_audit  # noqa: PLC0415

        return self._answer(lambda: recorded_audit(self._site, query))

    def verify_audit(self, head: str = "") -> Future[AuditVerdict]:
        """Compare the audit with what was written."""
        from airssys_tui.cli.reaching.offline_rights import recorded_verdict  # noqa: PLC0415

        return self._answer(lambda: recorded_verdict(self._site, head))

    def close(self) -> None:
        """Do nothing: no resource is open."""

    def _nothing_runs(self) -> NothingRuns:
        from airssys_tui.cli.reaching.absence import nothing_runs  # noqa: PLC0415 - late: only for an error

        return nothing_runs(self._site)

    def _answer(self, work: Callable[[], T]) -> Future[T]:
        from concurrent.futures import Future  # noqa: PLC0415 - late: `list` needs none

        future: Future[T] = Future()
        try:
            future.set_result(work())
        except StateLocked as error:
            from airssys_tui.cli.reaching.absence import owned_elsewhere  # noqa: PLC0415 - late: only for an error

            future.set_exception(owned_elsewhere(error, self._site))
        except AirssysError as error:
            future.set_exception(error)
        return future
