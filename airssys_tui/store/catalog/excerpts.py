"""Queries on a component's history whose cost does not grow with its length.

Revisions are never deleted, and each row carries its manifest and its interface, so no query reads all of them: lists
read the newest lines, and the rollback rules read the landmarks.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from airssys_tui.core.revision import Revision
from airssys_tui.store.catalog.records import RevisionRecord
from airssys_tui.store.catalog.revisions import read_revisions
from airssys_tui.store.disk.database import Room

PAGE: Final = 200
"""Revisions, and saved states, read per page of a list."""

NEAR: Final = 10
"""Number of newest revisions among the landmarks."""

LANDMARKS: Final = f"""
    SELECT number FROM revisions WHERE component = ?1 AND outcome <> 'purged' AND outcome = 'quarantined'
    UNION SELECT number FROM revisions WHERE component = ?1 AND outcome = 'active'
    UNION SELECT * FROM (SELECT number FROM revisions WHERE component = ?1 ORDER BY number DESC LIMIT {NEAR})
    UNION SELECT * FROM (SELECT number FROM revisions WHERE component = ?1 AND activated_at IS NOT NULL
        AND number < (SELECT number FROM revisions WHERE component = ?1 AND outcome = 'active')
        ORDER BY number DESC LIMIT 1)
    UNION SELECT * FROM (SELECT number FROM served ORDER BY number DESC LIMIT 1)
    UNION SELECT * FROM (SELECT number FROM earlier ORDER BY number DESC LIMIT 1)
    UNION SELECT * FROM (SELECT number FROM earlier WHERE NOT EXISTS (SELECT 1 FROM revisions AS bad
        WHERE bad.digest = earlier.digest AND bad.manifest_digest = earlier.manifest_digest AND bad.component = ?1
        AND bad.outcome = 'quarantined') ORDER BY number DESC LIMIT 1)"""  # noqa: S608 - a number of this module
"""Numbers of the landmarks of the component given as first parameter; follows :data:`EARLIER`."""

EARLIER: Final = """served AS (
    SELECT number, digest, manifest_digest, stable FROM revisions
    WHERE component = ?1 AND outcome <> 'purged' AND outcome = 'superseded'
    AND number < coalesce((SELECT coalesce(origin, number) FROM revisions WHERE component = ?1 AND outcome = 'active'),
        number + 1)
    AND (digest, manifest_digest) NOT IN (
        SELECT digest, manifest_digest FROM revisions WHERE component = ?1 AND outcome = 'active')),
    earlier AS (SELECT number, digest, manifest_digest FROM served WHERE stable)"""
"""Possible targets of a rollback without a number; mirrors ``core.revision.rollback_target``."""


class RevisionExcerpts(Room):
    """Partial reads of the table of revisions."""

    def revisions(self, component: str, *, limit: int = PAGE, before: int | None = None) -> tuple[RevisionRecord, ...]:
        """Return the newest revisions of a component, or those before a number, newest first; with their documents."""
        return read_revisions(self._database, RevisionRecord, _NEWEST, (component, before, limit))

    def lines(self, component: str, *, limit: int = PAGE, before: int | None = None) -> tuple[Revision, ...]:
        """Return the newest lines of a component's history, or those before a number, newest first."""
        return read_revisions(self._database, Revision, _NEWEST, (component, before, limit))

    def landmarks(self, component: str, *also: int | None) -> tuple[Revision, ...]:
        """Return the part of a history on which the rules of undo give the same result as on the whole history.

        It contains the active revision, the one that served before it, all quarantined ones, the :data:`NEAR` newest,
        and the targets of a rollback and of an automatic rollback.

        Args:
            component: Text form of the identity.
            also: Numbers of further revisions.
            also: Numbers of further revisions.

        Returns:
            The lines, newest first.
        """
        return read_revisions(self._database, Revision, _MARKED, (component, _json(also)))

    def versions(self, component: str, numbers: Collection[int]) -> dict[int, str | None]:
        """Return the versions of some revisions by number."""
        rows = self._database.rows(
            "SELECT number, version FROM revisions WHERE component = ? AND number IN (SELECT value FROM json_each(?))",
            (component, _json(numbers)),
        )
        return dict(rows)

    def twins(self, component: str, number: int, among: Collection[int]) -> frozenset[int]:
        """Return which of some revisions run the same artifact as this one; always includes this one."""
        rows = self._database.rows(
            """SELECT number FROM revisions WHERE component = ?1 AND number IN (SELECT value FROM json_each(?3))
               AND (digest, manifest_digest) = (
                   SELECT digest, manifest_digest FROM revisions WHERE component = ?1 AND number = ?2)""",
            (component, number, _json(among)),
        )
        return frozenset(other for (other,) in rows) | {number}


_MARKED: Final = f"""WHERE component = ?1 AND number IN (WITH {EARLIER} {LANDMARKS}
    UNION SELECT value FROM json_each(?2)) ORDER BY number DESC"""  # noqa: S608 - literals of this module
_NEWEST: Final = "WHERE component = ?1 AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3"


def _json(numbers: Collection[int | None]) -> str:
    return msgspec.json.encode([number for number in numbers if number is not None]).decode()
