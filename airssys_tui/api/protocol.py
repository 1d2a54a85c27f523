"""The requests that a front end can make of a runtime: the reference for using the program as a library.

Four classes implement this protocol, and one contract suite runs on all of them:

* :class:`~airssys_tui.runtime.embedded.EmbeddedRuntime` runs components in this process.
* :class:`~airssys_tui.api.socket.remote.RemoteRuntime` reaches a runtime of another process over its control socket.
* :class:`~airssys_tui.cli.reaching.offline_runtime.RecordedRuntime` answers from the catalog while none
  runs.
* :class:`~airssys_tui.api.played.runtime.PlayedRuntime` simulates components for screen tests and demonstrations.

The control socket and the remote runtime are derived from these annotations (``api.socket.methods``): a method added
here is available over the socket immediately, and requires full access until it is listed there as read-only.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from airssys_tui.api.commands import Command
from airssys_tui.api.message_protocol import MessagesApi
from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.api.views.disk import Collected, DiskUse
from airssys_tui.api.views.granting import AuditPage, AuditQuery, AuditVerdict, GrantsView, QuestionView, TrustView
from airssys_tui.api.views.http import HttpView
from airssys_tui.api.views.impact import Impact
from airssys_tui.api.views.metering import MeterDetail
from airssys_tui.api.views.past import HistoryQuery, StateFile, StateView, Story
from airssys_tui.api.views.recordings import RecordingsView, ReplayReport
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView, RollbackPreview
from airssys_tui.api.views.runtime import CallReport, Done, EventPage, Snapshot
from airssys_tui.api.views.tracing import TraceView


class RuntimeApi(MessagesApi, Protocol):
    """The API of every runtime; what it has about messages is in its base.

    ``snapshot`` and ``events`` return at once from memory and may be called from any thread, a UI thread included. All
    other methods return a future at once and do the work elsewhere; on an event loop, wrap the future with
    ``asyncio.wrap_future``. Do not block in a done-callback: it may run on a thread of the runtime.

    **Errors.** A future ends with a value or with an :class:`~airssys_tui.core.errors.AirssysError`, whose ``remedy``
    says what to do next and whose ``retryable`` says whether the same request may succeed later. Any future may end
    with these; the methods below list only their additional errors:

    * :class:`~airssys_tui.core.errors.UnknownComponent`: the method names a component that the runtime does not know.
    * :class:`~airssys_tui.core.errors.StoreError`: the catalog could not be read or written.
    * :class:`~airssys_tui.core.errors.Disconnected` (remote): the runtime went away before it answered; whether a
      command was carried out is unknown.
    * :class:`~airssys_tui.core.errors.Overcrowded` (remote): too many requests of this client are unanswered.
    * :class:`~airssys_tui.core.errors.NothingRuns` (recorded): the method needs a live runtime.

    A method called after :meth:`close` raises :class:`~airssys_tui.core.errors.UsageError` itself. If an embedded
    runtime is closed while a request is pending, the request's future is cancelled.

    **Names and units.** ``component`` is the text form of an identity: ``name`` or ``namespace/name``. Revisions are
    numbers from 1. Times are Unix seconds, sizes bytes, and None stands for a value that is not available.

    **Texts.** Text for people that a guest or a file can influence is a
    :class:`~airssys_tui.core.text.GuestText`: control characters are removed, so it is safe on a terminal. Data
    (arguments, results, notes, configured values, names) is :data:`~airssys_tui.core.text.Verbatim`: no runtime and no
    wire changes a character of it, and a front end sanitises it where it draws it.
    """

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the current state of the runtime.

        To poll cheaply, pass the ``generation`` of the last snapshot: the answer holds only the rows that changed after
        it, and the components that were removed.

        Args:
            since: A generation seen before; 0 for all rows.

        Raises:
            Disconnected: The connection to a remote runtime is lost, or it has been silent for too long.
        """
        ...

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return the newest events in memory, oldest first.

        Events carry growing sequence numbers. To follow them, pass the number of the last one seen; ``missed`` in the
        answer counts those that were dropped from the bounded buffer meanwhile. For older ones ask :meth:`history`.

        Args:
            after: Return only events with a higher sequence number than this.
            limit: Maximum number of events; if more are new, the oldest of them are left out.

        Raises:
            Disconnected: The connection to a remote runtime is lost, or it has been silent for too long.
        """
        ...

    def submit(self, command: Command, *, who: str = "operator", batch: str = "") -> Future[Done]:
        """Carry out a command. When it fails, nothing has changed unless the error says otherwise.

        Commands on one component are carried out one after another; those on different components run side by side.

        Args:
            command: One of the values of :mod:`airssys_tui.api.commands`.
            who: The requester's name, recorded in the history.
            batch: Name of the bulk action that the command is a part of, unique and at most 64 characters: the commands
                of one batch are undone together. Empty for a command that stands alone.

        Raises:
            UsageError: The command names a revision or snapshot that does not exist, or there is nothing to undo.
            TransitionError: The component's state does not allow the command, or the command would change nothing.
            RollbackRefused: The rollback is not possible.
            GateRefusal: A candidate or a state was refused; the revision that served before still serves.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def describe(self, component: str) -> Future[ComponentDetail]:
        """Return everything about one component that does not change every second.

        A running component is asked for its own description; if it does not answer in time, ``described`` is empty.
        """
        ...

    def versions(self, component: str) -> Future[tuple[RevisionView, ...]]:
        """Return a component's revisions, newest first.

        The result has the newest 200 revisions, and those older ones that are pinned, quarantined or possible
        targets of a rollback. Numbers start at 1 and have no gaps, so the number of omitted revisions can be computed.
        """
        ...

    def diff(self, component: str, revision: int, against: int | None = None) -> Future[RevisionDiff]:
        """Compare two revisions of a component: version, artifact, exports, limits, capabilities and configuration.

        Args:
            component: The component.
            revision: The revision to compare, ``then`` in the answer.
            against: The revision to compare it with, ``now`` in the answer; the active one if None.

        Raises:
            UsageError: A revision does not exist.
        """
        ...

    def preview_rollback(
        self, component: str, to: int | None = None, *, force: bool = False
    ) -> Future[RollbackPreview]:
        """Return what a rollback would do, without doing it.

        Whether the target could load the present state is tried out in a separate instance.

        Args:
            component: The component.
            to: The target; the previous stable revision if None.
            force: Allow a quarantined or failed target.

        Raises:
            RollbackRefused: The rollback is not possible.
        """
        ...

    def meters(self, component: str) -> Future[MeterDetail]:
        """Return a component's meters over the last two minutes and the last hour, and its costs by revision."""
        ...

    def traces(self, component: str, trace: str = "") -> Future[tuple[TraceView, ...]]:
        """Return the last calls that the component traced, newest first; at most 64.

        Args:
            component: The component; empty for the path of one trace through all components, as far as the last
                4 096 messages and what components reported are still known.
            trace: Return only the trace of this id, if there is one: also of one of the last requests over HTTP whose
                call reported no steps.

        Raises:
            UsageError: Neither is named.
        """
        ...

    def http(self, component: str = "", requests: int = 100) -> Future[HttpView]:
        """Return where requests over HTTP come in, all routes with their meters, and the last requests, newest first.

        Args:
            component: Only about this component; empty for all.
            requests: Requests at most, 0 to 1 000.

        Raises:
            UsageError: That is another number.
        """
        ...

    def states(self, component: str) -> Future[tuple[StateView, ...]]:
        """Return the saved states of a component without their bytes, newest first; at most 200."""
        ...

    def export_state(self, component: str, snapshot: int) -> Future[StateFile]:
        """Return a saved state with its bytes, at most 2 MiB.

        Args:
            component: The component.
            snapshot: The number of the saved state, ``id`` of its :class:`~airssys_tui.api.views.past.StateView`.

        Raises:
            UsageError: The component has no such saved state.
            BlobCorrupt: The recorded bytes do not match their digest.
        """
        ...

    def explain(self, component: str) -> Future[Story]:
        """Explain a component's last change: the events, the reason, and the operator's options."""
        ...

    def impact(self, component: str) -> Future[Impact]:
        """Return what stopping a component would do to it and to others."""
        ...

    def history(self, query: HistoryQuery) -> Future[EventPage]:
        """Return recorded events, oldest first, including those of earlier runtimes of the folder.

        Events of earlier runtimes get negative sequence numbers, for this answer only. Guest logs are not recorded:
        only those still in memory are found.
        """
        ...

    def disk(self) -> Future[DiskUse]:
        """Return the disk usage of the state directory by purpose."""
        ...

    def collect(self, *, dry: bool = False) -> Future[Collected]:
        """Delete everything that no retention rule keeps: code of old revisions, saved states, old events.

        Args:
            dry: Report what would be deleted, and delete nothing.
        """
        ...

    def call(self, component: str, export: str, arguments: str = "[]", *, force: bool = False) -> Future[CallReport]:
        """Call an export of a running component; the call is queued in the component's mailbox.

        A trap in it is the caller's business: the instance is replaced, and neither the restarts nor the probation of
        the component are charged.

        Args:
            component: The component.
            export: ``instance#function`` or ``function``; the instance, its package or its version may be omitted where
                this is unambiguous.
            arguments: JSON array with one value per parameter. A resource is ``{"$resource": NUMBER}`` with the number
                of an open handle.
            force: Call it even if only the host calls it, as ``init``, ``shutdown``, ``load`` and ``save``.

        Raises:
            UsageError: Only the host calls it.
            NotServing: The component does not accept calls now; ``MailboxFull`` if too many wait already.
            ExportNotFound: The component has no such export.
            ArgumentError: An argument does not fit its WIT type.
            GuestTrap: The guest trapped; this includes running out of fuel and missing the deadline.
            CapacityError: The call could return a resource, and 64 handles are open already.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def interface(self, component: str) -> Future[InterfaceView]:
        """Return the imports and exports of a component's active revision with their WIT types.

        Raises:
            NotServing: No revision of the component was ever active.
        """
        ...

    def open_handles(self, component: str) -> Future[tuple[OpenHandle, ...]]:
        """Return the open handles of a component: resources that calls returned and later calls can use.

        A handle closes with the instance that owns its resource; at most 64 are open per component.
        """
        ...

    def close_handle(self, component: str, resource: int) -> Future[Done]:
        """Close an open handle; the resource's destructor runs in the guest.

        Args:
            component: The component.
            resource: The number of the handle.

        Raises:
            ArgumentError: No open handle has that number.
            NotServing: The component does not accept calls now.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def checks(self, component: str) -> Future[tuple[Check, ...]]:
        """Return the saved checks of a component, in the order of their replay."""
        ...

    def save_check(self, component: str, name: str, export: str, arguments: str) -> Future[Check]:
        """Save a call as a check, with the result that a fresh instance gives after the checks before it.

        A check of the same name is replaced. A component has at most 200 checks.

        Args:
            component: The component.
            name: 1 to 100 characters.
            export: As in :meth:`call`.
            arguments: As in :meth:`call`.

        Raises:
            UsageError: The name is invalid, or the call gives no result in a fresh instance.
            ExportNotFound: The component has no such export.
            NotServing: No revision of the component was ever active.
            StoreError: The component has 200 checks already, or it could not be written.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def drop_check(self, component: str, name: str) -> Future[Done]:
        """Delete a check.

        Raises:
            UsageError: No check has that name.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def verify(self, component: str) -> Future[tuple[CheckOutcome, ...]]:
        """Replay a component's checks in one fresh instance of its active revision.

        The running instance, its state and its storage are not touched. After a check that traps, the next one starts
        with another fresh instance.

        Raises:
            NotServing: No revision of the component was ever active.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def recordings(self, component: str) -> Future[RecordingsView]:
        """Return the recorded calls of a component: the last ``[state] record`` of its manifest, as memory suffices."""
        ...

    def replay(
        self, component: str, call: int | None = None, revision: int | None = None, *, every: bool = False
    ) -> Future[ReplayReport]:
        """Run recorded calls again in a fresh instance, with the recorded answers of the host, and compare.

        Nothing outside of the instance is reached: no storage, no files, no network. The calls before, on which the
        call depends, are run first.

        Args:
            component: The component.
            call: The number of a recorded call; the newest one if None.
            revision: The revision to run; the recorded one if None.
            every: Run every recorded call.

        Raises:
            UsageError: No such call is recorded, there is no such revision, or ``call`` is given with ``every``.
            StoreError: The artifact of the revision is not kept.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def grants(self, component: str) -> Future[GrantsView]:
        """Return what a component declares, what of it is granted, what it asks for and what it was denied."""
        ...

    def questions(self) -> Future[tuple[QuestionView, ...]]:
        """Return the open questions of all components, oldest first; at most 8 of one component."""
        ...

    def trust(self) -> Future[TrustView]:
        """Return what is granted without a question: the default policy and the trust rules."""
        ...

    def audit(self, query: AuditQuery) -> Future[AuditPage]:
        """Return entries of the audit, oldest first: the newest ones, those after a number, or those before one.

        Raises:
            UsageError: The limit is not 1 to 1 000, or the query has both ``after`` and ``before``.
        """
        ...

    def verify_audit(self, head: str = "") -> Future[AuditVerdict]:
        """Compare the whole audit with what was written.

        Args:
            head: A head that was kept elsewhere, as ``COUNT:HASH``; empty to compare with the catalog's only.

        Raises:
            UsageError: ``head`` is not of that form.
        """
        ...

    def close(self) -> None:
        """Release the runtime. Closing twice does nothing.

        An embedded runtime saves the states, stops its components and returns in bounded time. A remote one only
        disconnects: the runtime keeps running.
        """
        ...
