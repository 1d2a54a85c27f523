"""A program that is killed at each failpoint of the audit, in a child of its own; run as ``-m … DIRECTORY``.

For each one it prints the failpoint, ``killed`` or ``lived``, and whether the next owner's log is whole.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind, Head, parse_head
from airssys_tui.store.audit.audit_log import AuditLog, repair_entries
from airssys_tui.store.audit.audit_reading import audit_files, verify_audit
from airssys_tui.store.disk import failpoint

POINTS = sorted(name for name in failpoint.NAMES if name.startswith("audit/"))


def entry(number: int) -> AuditEntry:
    return AuditEntry(at=float(number), kind=AuditKind.GRANTED, component="c", subject="environment:HOME")


def live(directory: Path) -> None:
    """Write until something kills it; what took effect is kept in a file, as the catalog would."""
    kept, base = heads(directory)
    log = AuditLog(directory / "audit", kept, max_file=400, max_files=2)
    for number in range(6):
        keep(directory, log.append([*repair_entries(log.found, 1.0), entry(number)]), base)
        surplus = log.surplus()
        if surplus is not None:
            file, base = surplus
            keep(directory, log.head, base)
            log.remove(file)


def heads(directory: Path) -> tuple[Head, Head]:
    path = directory / "heads"
    head, base = map(parse_head, path.read_text().split()) if path.exists() else (Head(), Head())
    return head, base


def keep(directory: Path, head: Head, base: Head) -> None:
    aside = directory / "aside"
    aside.write_text(f"{head.text} {base.text}")
    aside.replace(directory / "heads")


def tear(directory: Path) -> None:
    with Path(audit_files(directory / "audit")[-1].path).open("ab") as file:
        file.write(b'{"hash":"half')


def killed(directory: Path, point: str) -> bool:
    child = os.fork()
    if child == 0:
        failpoint.arm(point)
        live(directory)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def main(place: Path) -> None:
    for point in POINTS:
        directory = place / point.replace("/", "-")
        directory.mkdir()
        live(directory)
        if "repair" in point:
            tear(directory)
        ended = killed(directory, point)
        kept, base = heads(directory)
        before = verify_audit(directory / "audit", kept, base=base)
        live(directory)
        kept, base = heads(directory)
        after = verify_audit(directory / "audit", kept, base=base)
        whole = before.fault is None and after.fault is None and after.unfinished == 0 and after.ahead == 0
        print(point, "killed" if ended else "lived", "whole" if whole else f"{before}{after}".replace(" ", "_"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
