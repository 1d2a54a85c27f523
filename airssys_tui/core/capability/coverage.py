"""What a permission covers: an access, or everything that another permission covers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from airssys_tui.core.capability.permission import Access, Kind, Permission
from airssys_tui.core.manifest.capabilities import TO_COMPONENTS, FilesystemAction, StorageAccess
from airssys_tui.core.pattern.glob import glob, is_normal_path
from airssys_tui.core.pattern.hosts import (
    LOCALHOST,
    AddressClass,
    address_class,
    address_of,
    host_contains,
    host_matches,
)
from airssys_tui.core.pattern.name_glob import (
    command_contains,
    command_matches,
    component_contains,
    component_matches,
    topic_contains,
)


def covers(permission: Permission, access: Access) -> bool:
    """Return whether a permission covers an access; one that is not in the one spelling is covered by none."""
    if permission.kind is not access.kind or not _has_action(permission, access.action):
        return False
    try:
        return _COVERS[permission.kind](permission, access)
    except ValueError:  # a pattern of a manifest that an older program accepted
        return False


@lru_cache(maxsize=4_096)
def contains(wider: Permission, narrower: Permission) -> bool:
    """Return whether a permission surely covers every access that another one covers; False may mean "not known"."""
    if wider == narrower:
        return True
    if wider.kind is not narrower.kind or not _has_action(wider, narrower.action):
        return False
    try:
        return _CONTAINS[wider.kind](wider, narrower)
    except ValueError:
        return False


def is_covered(asked: Access | Permission, permission: Permission) -> bool:
    """Return whether a permission covers an access, or everything that another permission covers."""
    return covers(permission, asked) if isinstance(asked, Access) else contains(permission, asked)


def _has_action(permission: Permission, action: str) -> bool:
    if permission.kind is Kind.STORAGE:
        return permission.action in {action, StorageAccess.READ_WRITE}
    return permission.action == action


def _covers_path(permission: Permission, access: Access) -> bool:
    pattern = glob(permission.subject)
    # The names in a folder are what ``folder/**`` is about, although the folder is not below itself.
    matched = pattern.matches(access.subject) or (
        access.action == FilesystemAction.LIST and pattern.matches(f"{access.subject}/")
    )
    return matched and is_normal_path(access.subject)


def _covers_host(permission: Permission, access: Access) -> bool:
    if permission.port is not None and access.port is not None and permission.port != access.port:
        return False
    address = access.address or (access.subject if address_of(access.subject) is not None else "")
    if not address:
        return host_matches(permission.subject, access.subject)
    kind = address_class(address)
    if host_matches(permission.subject, address):
        return True
    if kind is AddressClass.LOOPBACK:
        return permission.subject == LOCALHOST and access.subject in {LOCALHOST, address}
    return kind is AddressClass.PUBLIC and host_matches(permission.subject, access.subject)


def _covers_message(permission: Permission, access: Access) -> bool:
    if access.action in TO_COMPONENTS:
        return component_matches(permission.subject, access.subject)
    return topic_contains(permission.subject, access.subject)


_COVERS: Final[Mapping[Kind, Callable[[Permission, Access], bool]]] = {
    Kind.FILESYSTEM: _covers_path,
    Kind.NETWORK: _covers_host,
    Kind.STORAGE: lambda _permission, _access: True,
    Kind.MESSAGING: _covers_message,
    Kind.PROCESS: lambda permission, access: command_matches(permission.subject, access.subject, access.names),
    Kind.ENVIRONMENT: lambda permission, access: permission.subject == access.subject,
}


def _contains_path(wider: Permission, narrower: Permission) -> bool:
    listing = narrower.action == FilesystemAction.LIST
    return glob(wider.subject).contains(glob(narrower.subject), itself=listing)


def _contains_host(wider: Permission, narrower: Permission) -> bool:
    return wider.port in {None, narrower.port} and host_contains(wider.subject, narrower.subject)


def _contains_message(wider: Permission, narrower: Permission) -> bool:
    if narrower.action in TO_COMPONENTS:
        return component_contains(wider.subject, narrower.subject)
    return topic_contains(wider.subject, narrower.subject)


_CONTAINS: Final[Mapping[Kind, Callable[[Permission, Permission], bool]]] = {
    Kind.FILESYSTEM: _contains_path,
    Kind.NETWORK: _contains_host,
    Kind.STORAGE: lambda _wider, _narrower: True,
    Kind.MESSAGING: _contains_message,
    Kind.PROCESS: lambda wider, narrower: command_contains(wider.subject, narrower.subject),
    Kind.ENVIRONMENT: lambda wider, narrower: wider.subject == narrower.subject,
}
