"""Component identities, versions and digests."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, NewType

import msgspec

from airssys_tui.core.errors import IdentityError

if TYPE_CHECKING:
    import semver

DEFAULT_NAMESPACE: Final = "local"
MAX_SEGMENT: Final = 64
MAX_VERSION: Final = 256
"""Maximum characters of a version; the same bound as that of npm."""

_SEGMENT: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")

Digest = NewType("Digest", str)
"""``sha256:`` and 64 hexadecimal digits: the digest that identifies an artifact."""


class ComponentId(msgspec.Struct, frozen=True, order=True):
    """The identity of a component, unique in one runtime.

    Text form ``namespace/name``; the default namespace ``local`` is omitted.
    """

    namespace: str
    name: str

    def __post_init__(self) -> None:
        """Reject invalid segments.

        Raises:
            IdentityError: If a segment is not a lowercase letter followed by ``[a-z0-9-]`` without a double or final
                hyphen, or is longer than 64 characters.
        """
        for what, segment in (("namespace", self.namespace), ("name", self.name)):
            if len(segment) > MAX_SEGMENT or not _SEGMENT.match(segment):
                raise IdentityError(
                    f"{what} {segment[: MAX_SEGMENT + 1]!r} is not a valid component {what}",
                    remedy="use a lowercase letter followed by a-z, 0-9 and single hyphens, at most 64 characters",
                )

    @classmethod
    def parse(cls, text: str) -> ComponentId:
        """Read ``name`` or ``namespace/name``.

        Raises:
            IdentityError: If the text is neither.
        """
        namespace, slash, name = text.partition("/")
        return cls(namespace, name) if slash else cls(DEFAULT_NAMESPACE, text)

    def __str__(self) -> str:
        """Return the short text form, without the default namespace."""
        return self.name if self.namespace == DEFAULT_NAMESPACE else f"{self.namespace}/{self.name}"


def name_from_stem(stem: str) -> str:
    """Derive a component name from a file's stem: lowercase, with other characters replaced by single hyphens.

    Raises:
        IdentityError: If the result does not start with a letter.
    """
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    if not _SEGMENT.match(name):
        raise IdentityError(
            f"cannot derive a component name from the file name {stem!r}",
            remedy="rename the file, or add a Component.toml with [package] name",
        )
    return name[:MAX_SEGMENT].rstrip("-")


def parse_version(text: str) -> semver.Version:
    """Read a SemVer 2.0 version.

    Raises:
        IdentityError: If the text is not a version, or is longer than :data:`MAX_VERSION` characters.
    """
    if len(text) > MAX_VERSION:
        raise IdentityError(
            f"a version of {len(text)} characters", remedy=f"use at most {MAX_VERSION} characters, such as 1.2.3"
        )
    import semver  # noqa: PLC0415 - late: it loads a command line of its own, which most callers do not need

    try:
        return semver.Version.parse(text)
    except (ValueError, TypeError) as error:
        raise IdentityError(f"{text!r} is not a semantic version", remedy="write it as 1.2.3 (semver.org)") from error


def digest_of(data: bytes) -> Digest:
    """Return the digest that identifies these bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def short_digest(digest: str, length: int = 8) -> str:
    """Return the first hexadecimal digits of a digest, for display."""
    return digest.removeprefix("sha256:")[:length]
