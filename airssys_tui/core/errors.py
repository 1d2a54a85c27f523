"""The exception tree.

::

    AirssysError
    ├── UsageError                 the request is invalid
    │   ├── IdentityError          an invalid name, version or digest
    │   ├── QuantityError          a size, duration or count that is invalid or out of bounds
    │   └── UnknownComponent       no component has that name
    ├── ManifestError              an invalid Component.toml; carries every problem found
    ├── AdmissionError             the bytes are not an admissible component; carries gate, offset and detail
    │   └── MemoryRefused          its memories do not fit into their limit
    ├── GateRefusal                a gate refused the candidate; carries the gate
    ├── FileError                  a file could not be read
    │   ├── FileAbsent             it does not exist
    │   ├── NotRegular             it is a folder, a pipe, a socket or a device
    │   ├── FileTooLarge           it is larger than what is read
    │   └── FileUnavailable        the system cannot read it now (try again); carries the system's number
    ├── WitError                   invalid WIT text or package; carries the place
    ├── MissingTool                a required program is not installed
    ├── TransitionError            the current state does not allow this lifecycle event
    ├── RollbackRefused            the rollback is not possible, and why
    ├── ArgumentError              a value does not fit its WIT type; carries the path to it
    ├── ExportNotFound             no such export; names the nearest ones
    ├── GuestTrap                  the guest trapped; carries the classified trap
    ├── HostFault                  raised *by* a host function to trap its caller
    │   └── HostDenied             the guard denied the host call
    ├── NotServing                 the component does not accept calls now
    │   ├── MailboxFull            its mailbox is full (try again)
    │   └── CallDropped            the call was queued and its component went away
    ├── CapacityError              the process has no room for another memory or thread
    ├── Unreachable                no connection to a runtime
    │   ├── NothingRuns            no process runs the folder
    │   ├── Disconnected           the connected runtime went away (try again)
    │   ├── Overcrowded            the runtime is at its limit of clients or requests (try again)
    │   └── ProtocolMismatch       the other side speaks another version of the protocol, or another protocol
    ├── ReadOnlyAccess             a read-only connection asked for a change
    ├── MessageRefusal             a message was not taken or a request not answered; carries the WIT case
    ├── StorageRefusal             a component's own storage refused the operation; carries the WIT case
    ├── FileRefusal                the door to files refused the operation, or it failed; carries the WIT case
    ├── ProgramRefusal             the door to programs refused the operation, or it failed; carries the WIT case
    └── StoreError                 durable data could not be read or written
        ├── StateAbsent            the state directory has no catalog yet
        ├── StateLocked            another process owns the state directory
        ├── DiskFull               no space left on the disk (try again)
        ├── StoreBusy              somebody else locks a database for longer than the request may wait (try again)
        ├── SchemaTooNew           written by a newer program
        ├── FolderMismatch         the state directory belongs to another folder
        └── BlobCorrupt            stored bytes do not match their digest

Every error has a ``title`` (a few words), ``str(error)`` (what happened, where) and a ``remedy`` (what to do next; may
be empty). One that may succeed on a retry has ``retryable = True``. For its ``kind`` see ``core/refusal``.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from airssys_tui.core.gates import Gate
from airssys_tui.core.refusal import RefusalKind, kind_at


class AirssysError(Exception):
    """Base class of all errors that the project raises on purpose.

    Args:
        message: What happened and where, in one sentence.
        remedy: What to do next; empty when there is nothing to do.
        component: Text form of the identity of the component concerned, if any.
        revision: The revision concerned, if any.
    """

    title: str = "failed"
    retryable: ClassVar[bool] = False
    kind: RefusalKind = RefusalKind.VERDICT

    def __init__(
        self, message: str, *, remedy: str = "", component: str | None = None, revision: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.component = component
        self.revision = revision


class UsageError(AirssysError):
    """The request is invalid."""

    title = "invalid request"


class IdentityError(UsageError):
    """An invalid name, version or digest."""

    title = "bad identity"


class QuantityError(UsageError):
    """A size, duration or count that is invalid or out of bounds."""

    title = "bad quantity"


class UnknownComponent(UsageError):
    """No component has that name."""

    title = "unknown component"


class ManifestProblem(NamedTuple):
    """One problem in a manifest.

    Args:
        file: The manifest's path, as given.
        line: Line number, from 1.
        key: Dotted key, such as ``resources.memory``; empty when the problem concerns the whole file.
        message: What was expected and what was found, in one sentence.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return ``file:line: key: message``."""
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class ManifestError(AirssysError):
    """An invalid manifest, with every problem found, ordered by line; the message lists one per line."""

    title = "bad manifest"

    def __init__(self, problems: tuple[ManifestProblem, ...], remedy: str = "correct the manifest and save it") -> None:
        super().__init__("\n".join(map(str, problems)), remedy=remedy)
        self.problems = problems


class AdmissionError(AirssysError):
    """The bytes are not an admissible component.

    Args:
        message: The reason.
        offset: Byte offset in the file where the reason was found, when there is one.
        gate: The gate that refused, among those that need only the bytes.
        remedy: What to do next.
        kind: Whether the bytes are to blame or the machine; that of the gate if not given.
        costly: Whether compiling them took too much CPU time, which no other compiler makes less.
    """

    title = "not admissible"

    def __init__(
        self,
        message: str,
        *,
        gate: Gate,
        offset: int | None = None,
        remedy: str = "",
        kind: RefusalKind | None = None,
        costly: bool = False,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.gate = gate
        self.offset = offset
        self.costly = costly
        self.kind = kind or kind_at(gate)


class MemoryRefused(AdmissionError):
    """Its memories do not fit into the limit that it is given."""


class GateRefusal(AirssysError):
    """A gate of the deploy pipeline refused the candidate; its kind is that of the gate if not given."""

    title = "refused"

    def __init__(
        self,
        message: str,
        *,
        gate: Gate,
        remedy: str = "",
        component: str | None = None,
        kind: RefusalKind | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, component=component)
        self.gate = gate
        self.kind = kind or kind_at(gate)


class WitError(AirssysError):
    """Invalid WIT text or package; ``place`` is ``file:line:column``, if known."""

    title = "bad WIT"

    def __init__(self, message: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.place = place


class MissingTool(AirssysError):
    """A required program is not installed; the remedy names what installs it."""

    title = "missing tool"


class TransitionError(AirssysError):
    """The current state does not allow this lifecycle event."""

    title = "not possible in this state"


class RollbackRefused(AirssysError):
    """The rollback is not possible, and why."""

    title = "rollback refused"


class ArgumentError(AirssysError):
    """A value does not fit its WIT type.

    Args:
        path: Where in the arguments, such as ``items[3].price``; empty for the argument list as a whole.
        expected: The WIT type that was expected.
        got: A short description of the value given.
    """

    title = "bad argument"

    def __init__(self, path: str, expected: str, got: str) -> None:
        super().__init__(f"{f'arg {path}' if path else 'arguments'}: expected {expected}, got {got}")
        self.path = path
        self.expected = expected
        self.got = got


class ExportNotFound(AirssysError):
    """No such export; the remedy names the nearest ones."""

    title = "no such export"


class HostFault(AirssysError):
    """Raised by a host function to trap the guest that called it."""

    title = "host error"


class HostDenied(HostFault):
    """The guard denied a host call."""

    title = "denied"


class NotServing(AirssysError):
    """The component does not accept calls now."""

    title = "not serving"


class MailboxFull(NotServing):
    """The mailbox is full; the call was not queued."""

    title = "mailbox full"
    retryable = True


class CallDropped(NotServing):
    """The call was queued, and its component went away before the call ran."""

    title = "call dropped"
    retryable = True


class CapacityError(AirssysError):
    """The process has no room for another memory or thread."""

    title = "capacity"
    kind = RefusalKind.CIRCUMSTANCE
    retryable = True


class StorageRefusal(AirssysError):
    """A component's own storage refused an operation, with a case of ``storage-error`` and the reason, one sentence."""

    title = "storage"

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case


class Unreachable(AirssysError):
    """No connection to a runtime."""

    title = "no connection"


class NothingRuns(Unreachable):
    """No process runs the folder, and the request needs one."""

    title = "not running"


class Disconnected(Unreachable):
    """The connected runtime went away or stopped answering.

    Args:
        message: What happened.
        pid: The runtime's process id.
        seconds: Seconds since its last answer, at the time of the error.
    """

    title = "disconnected"
    retryable = True

    def __init__(self, message: str, *, pid: int, seconds: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.pid = pid
        self.seconds = seconds


class Overcrowded(Unreachable):
    """The runtime is at its limit of clients, or of requests per client."""

    title = "too many at once"
    retryable = True


class ProtocolMismatch(Unreachable):
    """The other side speaks another version of the protocol, or another protocol."""

    title = "protocol"


class ReadOnlyAccess(AirssysError):
    """A read-only connection asked for a change."""

    title = "read-only"


class StoreError(AirssysError):
    """Durable data could not be read or written."""

    title = "store"
    kind = RefusalKind.CIRCUMSTANCE


class StateAbsent(StoreError):
    """The state directory has no catalog yet."""

    title = "no state yet"


class DiskFull(StoreError):
    """No space left on the disk; data stored earlier is intact. ``needed`` is the free bytes required, 0 if unknown."""

    title = "disk full"
    retryable = True
    needed: int = 0


class StoreBusy(StoreError):
    """A database was locked for longer than the request may wait; nothing was changed."""

    title = "busy"
    retryable = True


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
    """Stored bytes do not match the digest that names them."""

    title = "corrupt"
