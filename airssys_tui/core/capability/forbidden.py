"""What nobody can be granted, whatever the manifest, the operator and the trust rules say."""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.core.capability.permission import Access, Kind, Permission
from airssys_tui.core.manifest.capabilities import FilesystemAction
from airssys_tui.core.pattern.glob import glob, is_normal_path

_CHANGING: Final = frozenset({FilesystemAction.WRITE.value, FilesystemAction.DELETE.value})

_UNCHANGEABLE: Final = re.compile(r"/(?:private/)?(?:etc|boot|sys|proc|dev)(?:/|\Z)", re.IGNORECASE)
"""Folders of the system in which nothing may be changed."""

_SECRETS: Final = re.compile(
    r"/(?:private/)?etc/(?:shadow|gshadow|master\.passwd)[^/]*\Z"
    r"|/(?:private/)?etc/ssh/ssh_host_[^/]*_key\Z"
    r"|.*/\.ssh(?:/|\Z)"
    r"|/proc/(?:self|thread-self|[0-9]+)(?:/|\Z)"
    r"|/dev/(?:fd|mem|kmem|port)(?:/|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Password hashes, SSH keys, the memory, environment and descriptors of processes; file systems may ignore case."""


def is_forbidden(access: Access, reserved: tuple[str, ...] = ()) -> bool:
    """Return whether an access is one that nobody can be granted.

    Args:
        access: The access.
        reserved: Absolute folders that belong to the program, such as its state directory: nothing in them may be
            reached, and no folder above them may be moved or taken away.
    """
    if access.kind is not Kind.FILESYSTEM:
        return False
    if access.action in _CHANGING and any(folder.startswith(f"{access.subject}/") for folder in reserved):
        return True  # moved with the folder above it, it would lie where it is not known
    return _is_forbidden_path(access.action, access.subject, reserved)


def is_ungrantable(permission: Permission, reserved: tuple[str, ...] = ()) -> bool:
    """Return whether everything that a permission covers is surely forbidden, so that granting it is an error.

    A wider one can be granted; what is forbidden stays denied.
    """
    if permission.kind is not Kind.FILESYSTEM:
        return False
    try:
        choices = glob(permission.subject).literal_prefixes()
    except ValueError:
        return True
    return all(_is_forbidden_path(permission.action, prefix, reserved) for prefix in choices)


def _is_forbidden_path(action: str, path: str, reserved: tuple[str, ...]) -> bool:
    if not is_normal_path(path):
        return False
    if any(path == folder or path.startswith(f"{folder}/") for folder in reserved):
        return True
    if action in _CHANGING and _UNCHANGEABLE.match(path):
        return True
    return _SECRETS.match(path) is not None
