"""The state directory: all durable data of one watched folder, owned by one process.

::

    <state directory>/        0700, its files 0600; see ``disk.privacy``
      owner.lock  owner.json  the owning process
      control.sock            the owner's control socket, while it serves
      catalog.db              the catalog
      storage.db              key-value data of the components, once they store any
      messages.db             durable messages, once one was sent
      blobs/ab/abcdef…        artifacts by digest
      code/<engine>/…         compiled code: a cache
      audit/000000000001.jsonl the audit, once there is an entry; files are named by their first entry
"""

from __future__ import annotations

import functools
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from airssys_tui.core.errors import FolderMismatch
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.disk.database import Clock
from airssys_tui.store.disk.faults import disk_faults
from airssys_tui.store.ownership import Ownership
from airssys_tui.store.paths import as_given, means

if TYPE_CHECKING:
    from airssys_tui.store.artifacts.blobs import Blobs
    from airssys_tui.store.catalog.grant_tables import GrantTables

CATALOG_FILE: Final = "catalog.db"
STORAGE_FILE: Final = "storage.db"
MAIL_FILE: Final = "messages.db"
AUDIT_DIRECTORY: Final = "audit"


class StateReader:
    """A state directory opened for reading, whichever process owns it. Close it, or use a ``with`` block."""

    def __init__(self, path: Path, catalog: Catalog) -> None:
        self.path = path
        self.catalog = catalog

    @functools.cached_property
    def blobs(self) -> Blobs:
        """Artifacts."""
        from airssys_tui.store.artifacts.blobs import Blobs  # noqa: PLC0415 - late: not needed for a list

        return Blobs(self.path / "blobs")

    @functools.cached_property
    def grants(self) -> GrantTables:
        """Grants, questions, denials, trust, and the head of the audit."""
        from airssys_tui.store.catalog.grant_tables import GrantTables  # noqa: PLC0415 - late: not needed for a list

        return GrantTables(self.catalog.database, self.catalog.clock)

    @property
    def audit(self) -> Path:
        """The directory of the audit; it need not exist."""
        return self.path / AUDIT_DIRECTORY

    def close(self) -> None:
        """Close the catalog."""
        self.catalog.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


class StateDirectory(StateReader):
    """A state directory that this process owns until :meth:`close`.

    Attributes:
        path: The directory.
        catalog: The catalog.
        blobs: Artifacts.
        code: Compiled code.
        storage: Key-value data of the components.
        mail: Durable messages.
        left_in_disorder: Whether the last owner ended without closing the directory.
    """

    def __init__(self, path: Path, catalog: Catalog, ownership: Ownership, *, max_code: int | None) -> None:
        from airssys_tui.store.artifacts.code_cache import MAX_BYTES, CodeCache  # noqa: PLC0415 - late: readers need neither
        from airssys_tui.store.keyvalues.storage import Storage  # noqa: PLC0415
        from airssys_tui.store.mail.durable_mail import DurableMail  # noqa: PLC0415

        super().__init__(path, catalog)
        self._ownership = ownership
        self.left_in_disorder = ownership.left_in_disorder
        self.storage = Storage(path / STORAGE_FILE)
        self.mail = DurableMail(path / MAIL_FILE)
        bound = MAX_BYTES if max_code is None else max_code
        self.code = CodeCache(path / "code", catalog.database, max_bytes=bound, retained=catalog.retained_digests)

    @classmethod
    def open(
        cls, path: Path, *, folder: Path, adopt: bool = False, clock: Clock = time.time, max_code: int | None = None
    ) -> StateDirectory:
        """Take ownership of a state directory: create, lock, check and migrate it, and clean up after a crash.

        Args:
            path: The directory; created with access for the user only, or made so.
            folder: The folder of components it belongs to.
            adopt: Bind a directory of another folder to this one.
            clock: Returns Unix seconds.
            max_code: Maximum bytes of compiled code; the cache's default if None.

        Raises:
            StateLocked: Another process owns it.
            SchemaTooNew: A newer program wrote it.
            FolderMismatch: It belongs to another folder and is not adopted.
            DiskFull: No space left on the disk.
            StoreError: It is damaged, not writable or not private.
        """
        from airssys_tui.store.disk.privacy import make_private  # noqa: PLC0415 - late: readers change nothing

        given = as_given(folder)
        with disk_faults("prepare the state directory", path):
            make_private(path)
            ownership = Ownership(path, given)
        try:
            catalog = Catalog.open(path / CATALOG_FILE, clock=clock)
        except BaseException:
            ownership.release()
            raise
        state = cls(path, catalog, ownership, max_code=max_code)
        try:
            state._prepare(given, adopt=adopt)
        except BaseException:
            state.close()
            raise
        return state

    @classmethod
    def open_readonly(cls, path: Path, *, clock: Clock = time.time) -> StateReader:
        """Open a state directory for reading without owning it, even while another process does.

        Raises:
            StateAbsent: The directory has no catalog yet.
            SchemaTooNew: A newer program wrote it.
            StoreError: It is damaged or not readable.
        """
        return StateReader(path, Catalog.open_readonly(path / CATALOG_FILE, clock=clock))

    def close(self) -> None:
        """Close the catalog, the storage and the journal of messages, and release the directory."""
        try:
            self.mail.close()
            self.storage.close()
            super().close()
        finally:
            self._ownership.release()

    def _prepare(self, folder: Path, *, adopt: bool) -> None:
        if self.left_in_disorder:
            self.catalog.integrity()
        bound = self.catalog.folder()
        if bound is not None and not means(bound, folder) and not adopt:
            raise FolderMismatch(
                f"{self.path} belongs to {bound}, not to {folder}",
                remedy="choose another --state-dir, or bind it to this folder with --adopt",
            )
        if bound != str(folder):
            self.catalog.bind_folder(str(folder))
        self.blobs.recover()
        self.code.recover()
        self.storage.recover(self._was_activated)

    def _was_activated(self, component: str, revision: int) -> bool:
        found = self.catalog.revision(component, revision)
        return found is not None and found.activated_at is not None
