"""The one tree of errors.

::

    AirssysError
    ├── UsageError                 the caller asked for something that cannot be meant
    │   ├── IdentityError          a name, version or digest that is not one
    │   ├── QuantityError          a size, duration or count that cannot be read or is out of bounds
    │   └── UnknownComponent       no component has that name
    ├── ManifestError              a Component.toml that cannot be used; carries every problem found
    ├── AdmissionError             bytes that are not an admissible component; carries gate, offset and detail
    ├── GateRefusal                a candidate that did not pass a gate; carries the gate
    ├── WitError                   WIT text or a package of it that is wrong; carries the place
    ├── MissingTool                a program that is needed for this is not installed
    ├── TransitionError            a lifecycle event that the state does not allow
    ├── RollbackRefused            a rollback that cannot be done, and why
    ├── ArgumentError              a value that does not fit its WIT type; carries the path to it
    ├── ExportNotFound             no such export, with the nearest ones
    ├── GuestTrap                  the guest trapped; carries the classified trap
    ├── HostFault                  raised *by* a host function to trap its caller
    │   └── HostDenied             the guard said no
    ├── NotServing                 the component does not accept calls now
    │   ├── MailboxFull            its mailbox is full (try again)
    │   └── CallDropped            the call was queued and its component went away
    ├── CapacityError              the process has no room for another memory or thread
    ├── Unreachable                no runtime could be spoken to
    │   ├── NothingRuns            no process runs the folder
    │   ├── Disconnected           the runtime that was spoken to went away (try again)
    │   ├── Overcrowded            it serves as many clients or requests as it can (try again)
    │   └── ProtocolMismatch       it speaks another version of the protocol, or none
    ├── ReadOnlyAccess             a connection for reading asked for a change
    ├── StorageRefusal             a component's own storage cannot do this; carries the WIT case
    └── StoreError                 what must survive could not be read or written
        ├── StateAbsent            the state directory holds no catalog yet
        ├── StateLocked            another process owns the state directory
        ├── DiskFull               no room for another byte (try again)
        ├── SchemaTooNew           written by a newer program
        ├── FolderMismatch         the state directory belongs to another folder
        └── BlobCorrupt            stored bytes do not have their digest

Every error has a ``title`` (a few words), ``str(error)`` (what happened, where) and a ``remedy`` (what to do next,
may be empty). Errors that may succeed when tried again have ``retryable = True``.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from airssys_tui.core.gates import Gate


class AirssysError(Exception):
    """Base of every error that the project raises on purpose.

    Args:
        message: What happened and where, in one sentence.
        remedy: What to do next; empty when there is nothing to do.
        component: Text form of the component's identity, when one is concerned.
        revision: The revision concerned, when there is one.
    """

    title: ClassVar[str] = "failed"
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, remedy: str = "", component: str | None = None, revision: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.component = component
        self.revision = revision


class UsageError(AirssysError):
    """The command line, an argument or a setting is not valid."""

    title = "usage error"


class IdentityError(UsageError):
    """A name, version or digest that is not one."""

    title = "bad identity"


class QuantityError(UsageError):
    """A size, duration or count that cannot be read or is out of bounds."""

    title = "bad quantity"


class UnknownComponent(UsageError):
    """No component has that name."""

    title = "unknown component"


class ManifestProblem(NamedTuple):
    """One thing wrong in a manifest.

    Args:
        file: The manifest's path, as it was given.
        line: Line number, from 1.
        key: Dotted key concerned, such as ``resources.memory``; empty when the file as a whole is.
        message: What was expected and what is there, in one sentence.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return ``file:line: key: message``."""
        return (
            f"{self.file}:{self.line}: {self.key}: {self.message}"
            if self.key
            else f"{self.file}:{self.line}: {self.message}"
        )


class ManifestError(AirssysError):
    """A manifest that cannot be used.

    Args:
        problems: Every problem found, in the order of their lines; the message lists them one a line.
    """

    title = "bad manifest"

    def __init__(self, problems: tuple[ManifestProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)), remedy="correct the manifest and save it")
        self.problems = problems


class AdmissionError(AirssysError):
    """Bytes that are not an admissible component.

    Args:
        message: The reason.
        offset: Byte offset in the file where the reason was found, when there is one.
        gate: The gate that refused, among those that need only the bytes.
        remedy: What to do next.
    """

    title = "not admissible"

    def __init__(self, message: str, *, gate: Gate, offset: int | None = None, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.gate = gate
        self.offset = offset


class GateRefusal(AirssysError):
    """A candidate that did not pass a gate of the deploy pipeline."""

    title = "refused"

    def __init__(self, message: str, *, gate: Gate, remedy: str = "", component: str | None = None) -> None:
        super().__init__(message, remedy=remedy, component=component)
        self.gate = gate


class WitError(AirssysError):
    """WIT text, or a package of it, that is wrong.

    Attributes:
        place: ``file:line:column``, when the fault has one.
    """

    title = "bad WIT"

    def __init__(self, message: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.place = place


class MissingTool(AirssysError):
    """A program that is needed for this is not installed; the remedy names what installs it."""

    title = "missing tool"


class TransitionError(AirssysError):
    """A lifecycle event that the state does not allow."""

    title = "not possible in this state"


class RollbackRefused(AirssysError):
    """A rollback that cannot be done, and why."""

    title = "rollback refused"


class ArgumentError(AirssysError):
    """A value that does not fit its WIT type.

    Args:
        path: Where in the arguments, such as ``items[3].price``; empty for all of them together.
        expected: The WIT type that was expected.
        got: What was given, shortly.
    """

    title = "bad argument"

    def __init__(self, path: str, expected: str, got: str) -> None:
        super().__init__(f"{f'arg {path}' if path else 'arguments'}: expected {expected}, got {got}")
        self.path = path
        self.expected = expected
        self.got = got


class ExportNotFound(AirssysError):
    """No such export, with the nearest ones named in the remedy."""

    title = "no such export"


class HostFault(AirssysError):
    """Raised by a host function to trap the guest that called it."""

    title = "host error"


class HostDenied(HostFault):
    """A host call that the guard denied."""

    title = "denied"


class NotServing(AirssysError):
    """The component does not accept calls now."""

    title = "not serving"


class MailboxFull(NotServing):
    """The mailbox is full; the call was not queued."""

    title = "mailbox full"
    retryable = True


class CallDropped(NotServing):
    """The call was queued, and its component went away before it ran."""

    title = "call dropped"
    retryable = True


class CapacityError(AirssysError):
    """The process has no room for another memory or thread."""

    title = "capacity"
    retryable = True


class StorageRefusal(AirssysError):
    """A component's own storage cannot do what was asked of it.

    Args:
        case: The case of ``storage-error`` in ``airssys:core-types/errors`` that says so.
        message: What stands in the way, in one sentence.
    """

    title = "storage"

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case


class Unreachable(AirssysError):
    """No runtime could be spoken to."""

    title = "no connection"


class NothingRuns(Unreachable):
    """No process runs the folder, and what was asked needs one."""

    title = "nothing runs"


class Disconnected(Unreachable):
    """The runtime that was spoken to went away, or says nothing any more.

    Args:
        message: What happened.
        pid: The process that it was.
        seconds: How long ago, when the error was made.
    """

    title = "disconnected"
    retryable = True

    def __init__(self, message: str, *, pid: int, seconds: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.pid = pid
        self.seconds = seconds


class Overcrowded(Unreachable):
    """The runtime serves as many clients, or as many requests of one client, as it can."""

    title = "too many at once"
    retryable = True


class ProtocolMismatch(Unreachable):
    """The other side speaks another version of the protocol, or something else altogether."""

    title = "protocol"


class ReadOnlyAccess(AirssysError):
    """A connection that was opened for reading asked for a change."""

    title = "read-only"


class StoreError(AirssysError):
    """What must survive could not be read or written."""

    title = "store"


class StateAbsent(StoreError):
    """The state directory holds no catalog yet."""

    title = "nothing stored yet"


class DiskFull(StoreError):
    """There is no room for another byte; what was stored before is unharmed.

    Attributes:
        needed: Bytes that have to be free for it to succeed, where that is known.
    """

    title = "disk full"
    retryable = True
    needed: int = 0


class StateLocked(StoreError):
    """Another process owns the state directory."""

    title = "state directory in use"
    retryable = True


class SchemaTooNew(StoreError):
    """The catalog was written by a newer program."""

    title = "newer schema"


class FolderMismatch(StoreError):
    """The state directory belongs to another folder."""

    title = "another folder's state"


class BlobCorrupt(StoreError):
    """Stored bytes do not have the digest that names them."""

    title = "corrupt"
