"""Permissions from the catalog alone, while no runtime is running."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from airssys_tui.api.grant_matrix import grants_view
from airssys_tui.api.views.granting import AuditPage, AuditQuery, AuditVerdict, GrantsView, QuestionView, TrustView
from airssys_tui.cli.reaching.offline_views import find_component, reading
from airssys_tui.cli.reaching.site import Site
from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.capability.policy_file import read_folder_settings
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.regular_file import FileError
from airssys_tui.runtime.history.recorded_rights import (
    audit_entries,
    audit_verdict,
    known_of,
    open_questions,
    recorded_policies,
    recorded_sources,
    source_path,
    trust_view,
)
from airssys_tui.store.directory import StateReader

T = TypeVar("T")


def recorded_grants(site: Site, name: str) -> GrantsView:
    """Return what a component declares and what of it is granted.

    Raises:
        UnknownComponent: No component has that name.
        FolderMismatch: The state belongs to another folder than the named one.
        StoreError: The state directory cannot be read.
    """

    def read(state: StateReader) -> GrantsView:
        found = find_component(state.catalog, name)
        source = source_path(_folder(state, site), found.source)
        return grants_view(known_of(state, found.id, now=time.time(), policies=_policies(state, site), source=source))

    return _read(site, read)


def recorded_questions(site: Site) -> tuple[QuestionView, ...]:
    """Return the open questions of all components, oldest first.

    Raises:
        AirssysError: As :func:`recorded_grants`.
    """
    return _read(site, open_questions)


def recorded_trust(site: Site) -> TrustView:
    """Return the default policy and the trust rules.

    Raises:
        AirssysError: As :func:`recorded_grants`.
    """

    def read(state: StateReader) -> TrustView:
        return trust_view(state, _policies(state, site), recorded_sources(state, _folder(state, site)))

    return _read(site, read)


def recorded_audit(site: Site, query: AuditQuery) -> AuditPage:
    """Return entries of the audit, oldest first.

    Raises:
        AirssysError: As :func:`recorded_grants`.
    """
    return _read(site, lambda state: audit_entries(state, query))


def recorded_verdict(site: Site, head: str) -> AuditVerdict:
    """Compare the audit with what was written.

    Raises:
        AirssysError: As :func:`recorded_grants`.
    """
    return _read(site, lambda state: audit_verdict(state, head))


def _read(site: Site, read: Callable[[StateReader], T]) -> T:
    with reading(site) as state:
        return read(state)


def _policies(state: StateReader, site: Site) -> PolicySource:
    """Return what holds without a question; what the folder says and cannot be read grants nothing."""
    try:
        base = read_folder_settings(_folder(state, site)).policy
    except (ManifestError, FileError):
        base = PolicySource(default=())
    return recorded_policies(state, base)


def _folder(state: StateReader, site: Site) -> Path:
    return Path(state.catalog.folder() or site.folder.value)
