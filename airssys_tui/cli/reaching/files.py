"""The files in the folder now, for the few components whose files were held, refused or quarantined."""

from __future__ import annotations

from pathlib import Path

import msgspec

from airssys_tui.core.errors import AdmissionError, IdentityError, ManifestError
from airssys_tui.core.gates import Gate
from airssys_tui.core.regular_file import FileUnavailable
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.sources.folder import Reading, read


class FileStamp(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of a component's files, or the reason why they cannot be read.

    Attributes:
        id: The component that they belong to; empty if they cannot be read.
        digest: Digest of the artifact.
        manifest_digest: Digest of the manifest's meaning.
        version: Version in the manifest.
        gate: The gate that refuses files that cannot be read.
        reason: Why the gate refuses them.
    """

    id: str = ""
    digest: str = ""
    manifest_digest: str = ""
    version: str | None = None
    gate: str = ""
    reason: GuestText = GuestText("")


def look(folder: Path, source: str) -> FileStamp | None:
    """Read and hash a component's files; None if they do not exist.

    Args:
        folder: The folder of components.
        source: The component's entry in it.
    """
    try:
        reading = read(folder, source)
    except (ManifestError, AdmissionError, IdentityError) as error:
        gate = error.gate if isinstance(error, AdmissionError) else "manifest"
        return FileStamp(gate=gate, reason=one_line(error.message, 400))
    except FileUnavailable as error:
        return FileStamp(gate=Gate.FILE, reason=one_line(error.message, 400))
    if not isinstance(reading, Reading):
        return None
    return FileStamp(
        id=str(reading.manifest.id),
        digest=reading.digest,
        manifest_digest=reading.manifest_digest,
        version=reading.manifest.version,
    )
