"""Commands: the changes that a front end can request from a runtime, as values.

Pass one to :meth:`~airssys_tui.api.protocol.RuntimeApi.submit`, which answers with
:class:`~airssys_tui.api.views.runtime.Done` or an error. The tags are the names on the wire. ``component`` is always
the text form of an identity.
"""

from __future__ import annotations

import msgspec

from airssys_tui.api.views.past import StateFile
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.revision import StatePolicy


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Start a stopped or failed component and set its desired state to running, which survives a runtime restart.

    Attributes:
        arguments: For a command, the arguments of this run; None for those of its manifest.
        wait: For a command, whether the answer comes when the run has ended; otherwise as soon as it runs.
    """

    component: str
    arguments: tuple[str, ...] | None = None
    wait: bool = True


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Save a component's state, stop it, and keep it stopped even after a runtime restart."""

    component: str


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Replace the instance with a fresh one of the same revision and hand the state over."""

    component: str


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """Deploy the files now on disk, even if they are held or were refused before.

    Attributes:
        force: Accept a breaking change of the exports; every other gate still applies.
    """

    component: str
    force: bool = False


class Unload(msgspec.Struct, frozen=True, tag="unload"):
    """Stop a component and unload it; its history stays. A later start or reload brings it back."""

    component: str


class Rollback(msgspec.Struct, frozen=True, tag="rollback"):
    """Roll back to an earlier revision; this makes a new revision with the earlier one's artifact.

    The artifact of the old revision and the one on disk are held: neither the watcher nor a restart deploys them.

    Attributes:
        to: The target's number; None for the previous stable revision, else the previous one.
        state: Which state to load: keep the present one, restore the target's own, or start fresh.
        force: Allow a quarantined or failed target.
        note: The reason, recorded in the history; may be empty.
    """

    component: str
    to: int | None = None
    state: StatePolicy = StatePolicy.KEEP
    force: bool = False
    note: str = ""


class Pin(msgspec.Struct, frozen=True, tag="pin"):
    """Pin a revision, which exempts its code and states from the retention rules, or unpin it."""

    component: str
    revision: int
    pinned: bool = True


class Annotate(msgspec.Struct, frozen=True, tag="annotate"):
    """Write a note on a revision; an empty note removes it. At most 500 characters are kept."""

    component: str
    revision: int
    note: str


class MarkStable(msgspec.Struct, frozen=True, tag="mark-stable"):
    """Declare a revision stable, as if it had passed its probation, or not stable. Rollbacks go to stable revisions."""

    component: str
    revision: int
    stable: bool = True


class LiftQuarantine(msgspec.Struct, frozen=True, tag="lift-quarantine"):
    """Lift a revision's quarantine, so that its artifact can be deployed and rolled back to again."""

    component: str
    revision: int


class SaveState(msgspec.Struct, frozen=True, tag="save-state"):
    """Save the state of a running component now."""

    component: str


class RestoreState(msgspec.Struct, frozen=True, tag="restore-state"):
    """Load a saved state into a fresh instance of the active revision; this makes a revision with cause ``restore``.

    Attributes:
        snapshot: Number of the saved state, see :class:`~airssys_tui.api.views.past.StateView`.
    """

    component: str
    snapshot: int


class ImportState(msgspec.Struct, frozen=True, tag="import-state"):
    """Keep an exported state as a saved state of the active revision. It is loaded only by a :class:`RestoreState`."""

    component: str
    state: StateFile


class Grant(msgspec.Struct, frozen=True, tag="grant"):
    """Grant a component a permission. It has an effect as far as the manifest declares it, from the next access on.

    A refusal for good of the same permission is revoked.

    Attributes:
        permission: Its text form; may be narrower than what is declared.
        scope: For one access, for the runtime's session, or always; ``never`` refuses it for good, as :class:`Deny`.
        seconds: How long it holds; None for as long as nobody revokes it.
        rationale: Why, recorded in the audit.
    """

    component: str
    permission: str
    scope: Scope = Scope.ALWAYS
    seconds: float | None = None
    rationale: str = ""


class Revoke(msgspec.Struct, frozen=True, tag="revoke"):
    """Take answers about a permission back, grants and refusals alike, from the next access on.

    What a rule grants is refused for good instead: the rule stays.

    Attributes:
        permission: Its text form; answers about it and about parts of it are revoked. Empty for all of the component's.
        grant: The number of the one answer to take back; None for those about the permission.
        rationale: Why, recorded in the audit.
    """

    component: str
    permission: str = ""
    grant: int | None = None
    rationale: str = ""


class Approve(msgspec.Struct, frozen=True, tag="approve"):
    """Grant what a waiting revision asks for beyond the one that serves, and what open questions ask for.

    A revision that waits is then deployed; with ``only``, it starts with fewer permissions than it declares.

    Attributes:
        only: Text forms of the permissions to grant; empty for all that is asked for. The others are refused for good.
        rationale: Why, recorded in the audit.
        shown: Text forms of what the operator saw that it asks for. When it asks for anything else by now, nothing is
            granted. Empty if that is not to be compared.
        revision: The revision that the operator saw waiting; nothing is granted when another one waits by now.
    """

    component: str
    only: tuple[str, ...] = ()
    rationale: str = ""
    shown: tuple[str, ...] = ()
    revision: int | None = None


class Deny(msgspec.Struct, frozen=True, tag="deny"):
    """Refuse a component a permission for good: it is not asked again until that is revoked.

    Attributes:
        permission: Its text form. Empty for all that open questions and a waiting revision ask for; that
            revision is then not deployed.
        rationale: Why, recorded in the audit.
    """

    component: str
    permission: str = ""
    rationale: str = ""


class AnswerQuestion(msgspec.Struct, frozen=True, tag="answer-question"):
    """Answer one open question of a component.

    Attributes:
        question: Its number.
        scope: How long the answer holds; ``never`` refuses for good, None closes the question without an answer.
        rationale: Why, recorded in the audit.
    """

    component: str
    question: int
    scope: Scope | None
    rationale: str = ""


class AddTrust(msgspec.Struct, frozen=True, tag="add-trust"):
    """Trust components of a source, or signed with a key, with a set of permissions, without being asked.

    Attributes:
        name: The rule's name, unique in the folder.
        permissions: Text forms of the permissions.
        source: A path glob of the component's file; empty for any.
        key: The public key that it is signed with; empty for any. One of both is required.
    """

    name: str
    permissions: tuple[str, ...]
    source: str = ""
    key: str = ""


class RemoveTrust(msgspec.Struct, frozen=True, tag="remove-trust"):
    """End a trust rule; what it granted is denied from the next access on."""

    name: str


class StartGroup(msgspec.Struct, frozen=True, tag="start-group"):
    """Start the components of a group that do not run, in start order, as :class:`Start` does."""

    group: str


class StopGroup(msgspec.Struct, frozen=True, tag="stop-group"):
    """Stop the components of a group, in reverse start order, as :class:`Stop` does."""

    group: str


class RestartGroup(msgspec.Struct, frozen=True, tag="restart-group"):
    """End the components of a group in reverse start order, and start them in start order, with their states.

    Components that an operator stopped stay stopped. The group's restarts count anew from then on.
    """

    group: str


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """Undo the operator's last undoable action; ``Snapshot.undo`` describes it."""


Command = (
    Start
    | Stop
    | Restart
    | Reload
    | Unload
    | Rollback
    | Pin
    | Annotate
    | MarkStable
    | LiftQuarantine
    | SaveState
    | RestoreState
    | ImportState
    | Undo
    | Grant
    | Revoke
    | Approve
    | Deny
    | AnswerQuestion
    | AddTrust
    | RemoveTrust
    | StartGroup
    | StopGroup
    | RestartGroup
)

GrantCommand = Grant | Revoke | Approve | Deny | AnswerQuestion
"""Commands about the permissions of one component."""

TrustCommand = AddTrust | RemoveTrust
"""Commands about the trust rules of the folder."""

GroupCommand = StartGroup | StopGroup | RestartGroup
"""Commands about a group of supervision."""
