"""Imports that cannot be satisfied: why not, and what to do about each, before anything is instantiated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from airssys_tui.core.types.interface import Function, Interface, InterfaceType, render, satisfies, unversioned

MOST_TOLD: Final = 8
"""Names listed in one sentence; the rest is counted."""

_CLOSE: Final = 0.6

_WASI: Final = "wasi:"
_OF_HOST: Final = (_WASI, "airssys:")
"""Beginnings of names that belong to the host, whether it offers them or not."""

_OFFERED: Final = "0.2"
"""The versions of WASI that are offered, for people: every release of 0.2."""

_RELEASE: Final = re.compile(r"0\.2\.\d+\Z")

_FOR_WASI_2: Final = "build it with a toolchain for WASI 0.2 (Rust, C and Zig: target wasm32-wasip2)"
_COMPOSE: Final = "compose it with a component that exports it (`wac plug`)"


class ImportProblem(msgspec.Struct, frozen=True):
    """An import that cannot be satisfied.

    Attributes:
        name: The import: an interface, ``interface#function``, or a function outside an interface.
        reason: Why not; the same text for imports that lack the same thing.
        remedy: What to do; the same text for imports that need the same.
    """

    name: str
    reason: str
    remedy: str = ""


class Offer(msgspec.Struct, frozen=True, dict=True):
    """What can be imported.

    Attributes:
        interfaces: The interfaces of the host, by their names with version.
        homes: The interfaces that define the resources which others use, by using interface and name there.
    """

    interfaces: Mapping[str, InterfaceType]
    homes: Mapping[tuple[str, str], str] = {}

    @cached_property
    def _versions(self) -> Mapping[str, Mapping[str, InterfaceType]]:
        """The interfaces by their names without and with version: every import of every component is looked for."""
        found: dict[str, dict[str, InterfaceType]] = {}
        for name, known in self.interfaces.items():
            found.setdefault(unversioned(name), {})[name] = known
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Names of everything that can be imported: of the host, of WASI without their version, and of drafts."""
        return (*self._of_host, *self._of_wasi, *self._drafts)

    @property
    def _of_host(self) -> list[str]:
        return sorted(name for name in self.interfaces if not name.startswith(_WASI))

    @property
    def _of_wasi(self) -> list[str]:
        return sorted(unversioned(name) for name in self.interfaces if name.startswith(_WASI) and _is_release(name))

    @property
    def _drafts(self) -> list[str]:
        return sorted(name for name in self.interfaces if name.startswith(_WASI) and not _is_release(name))

    def foreign(self, wanted: Interface) -> tuple[InterfaceType, ...]:
        """Return the imported interfaces that are nothing of the host's: another component may provide them."""
        return tuple(
            item
            for item in wanted.imports
            if isinstance(item, InterfaceType)
            and (item.functions or item.resources)
            and unversioned(item.name) not in self._versions
            and not item.name.startswith(_OF_HOST)
        )

    def problems(self, wanted: Interface, linked: Collection[str] = ()) -> tuple[ImportProblem, ...]:
        """Find all imports that cannot be satisfied, in their order.

        Args:
            wanted: The imports.
            linked: Names of those that another component is to provide.
        """
        found: list[ImportProblem] = []
        for item in wanted.imports:
            if item.name in linked:
                continue
            found += [self._root_function(item)] if isinstance(item, Function) else self._interface(item, wanted)
        return tuple(found)

    def _available(self) -> str:
        hosts = by_package(self._of_host)
        packages = sorted({name.removeprefix(_WASI).partition("/")[0] for name in self._of_wasi})
        if packages:
            hosts.append(f"WASI {_OFFERED} ({', '.join(packages)})")
        if self._drafts:
            hosts.append(f"drafts of {', '.join(_packages(self._drafts))}")
        return "available: " + ", ".join(hosts)

    def _root_function(self, wanted: Function) -> ImportProblem:
        reason = "a function outside an interface; the host offers functions only in interfaces"
        faces = {unversioned(name).rpartition("/")[2]: name for name in reversed(self.names)}
        near = difflib.get_close_matches(wanted.name, faces, n=1, cutoff=_CLOSE)
        hint = f", such as {faces[near[0]]}" if near else ""
        remedy = f"import it from an interface{hint}, or {_COMPOSE}; {self._available()}"
        return ImportProblem(wanted.name, reason, remedy)

    def _interface(self, wanted: InterfaceType, all_wanted: Interface) -> list[ImportProblem]:
        versions = self._versions.get(unversioned(wanted.name), {})
        offered = next((known for name, known in versions.items() if satisfies(name, wanted.name)), None)
        if offered is not None:
            return self._homeless(wanted, offered, all_wanted) + _mismatches(wanted, offered)
        # An interface that contains only types needs nothing from the host.
        if not wanted.functions and not wanted.resources:
            return []
        return [self._other_wasi(wanted.name) or self._unknown(wanted.name)]

    def _homeless(self, wanted: InterfaceType, offered: InterfaceType, all_wanted: Interface) -> list[ImportProblem]:
        """Find the used resources whose own interface is not imported: they would mean other resources."""
        homes = {name: home for name in wanted.resources if (home := self.homes.get((offered.name, name)))}
        return [
            ImportProblem(
                f"{wanted.name}#{name}",
                f"the host has this resource from {home}, which is not imported",
                f"build it against {offered.name}",
            )
            for name, home in homes.items()
            if not any(satisfies(home, item.name) for item in all_wanted.imports)
        ]

    def _other_wasi(self, name: str) -> ImportProblem | None:
        """Explain an import of WASI that the host does not offer; None for other names, and if it offers no WASI."""
        bare, _, version = name.partition("@")
        package = bare.partition("/")[0]
        known = self._of_wasi
        if drafts := [draft for draft in self._drafts if draft.startswith(f"{package}/")]:
            return _other_draft(name, drafts)
        if not package.startswith(_WASI) or not known:
            return None
        offered = [face for face in known if face.startswith(f"{package}/")]
        if not offered:
            parts = ", ".join(_packages(known))
            drafts_too = f", and drafts of {', '.join(_packages(self._drafts))}" if self._drafts else ""
            remedy = f"build it without {package}; WASI here is {parts}{drafts_too}"
            return ImportProblem(name, "this host does not offer it", remedy)
        if _RELEASE.match(version):
            faces = some([face.rpartition("/")[2] for face in offered])
            reason = f"{package} has no such interface in WASI {version}; it has {faces}"
            return ImportProblem(name, reason, _FOR_WASI_2)
        asked = f"it is of WASI {version}" if version else "it names no version"
        candidate = ", a release candidate" if "-rc" in version else ", not a release" if "-" in version else ""
        return ImportProblem(name, f"{asked}{candidate}; the host offers WASI {_OFFERED}", _FOR_WASI_2)

    def _unknown(self, name: str) -> ImportProblem:
        bare, _, version = name.partition("@")
        same = self._versions.get(bare, ())
        if same:
            asked = f"version {version} of it" if version else "it without a version"
            return ImportProblem(name, f"the host does not offer {asked}", f"build it against {' or '.join(same)}")
        near = difflib.get_close_matches(name, self.names, n=1, cutoff=_CLOSE)
        hint = f"; did you mean {near[0]}?" if near else ""
        return ImportProblem(name, f"unknown import{hint}", f"build it without it, or {_COMPOSE}; {self._available()}")


def _is_release(name: str) -> bool:
    return _RELEASE.match(name.partition("@")[2]) is not None


def _packages(interfaces: Iterable[str]) -> list[str]:
    return sorted({name.partition("/")[0] for name in interfaces})


def _other_draft(name: str, offered: Sequence[str]) -> ImportProblem:
    """Explain an import from a package of which the host offers drafts."""
    reason = f"drafts match by their exact names; the host offers {some(by_package(offered))}"
    return ImportProblem(name, reason, f"build it against a draft of {name.partition('/')[0]} that is offered")


def grouped(problems: Sequence[ImportProblem]) -> tuple[str, str]:
    """Return the reasons and the remedies of problems in one line each; what several share is told once."""
    by_reason: dict[str, list[str]] = {}
    for problem in problems:
        by_reason.setdefault(problem.reason, []).append(problem.name)
    reasons = [f"{some(by_package(names))}: {reason}" for reason, names in by_reason.items()]
    remedies = dict.fromkeys(problem.remedy for problem in problems if problem.remedy)
    return some(reasons, "; "), some(list(remedies), "; ")


def by_package(names: Iterable[str]) -> list[str]:
    """Format names compactly: interfaces of one package and version together, others as they are."""
    packages: dict[str, list[str]] = {}
    for name in names:
        interface, _, version = name.partition("@")
        package, slash, face = interface.partition("/")
        key = f"{package}@{version}" if slash and "#" not in version else name
        packages.setdefault(key, []).append(face if key != name else "")
    return [package if not any(faces) else _with_faces(package, faces) for package, faces in packages.items()]


def _with_faces(package: str, faces: list[str]) -> str:
    if len(faces) > 1:
        return f"{package.removesuffix('@')} ({', '.join(faces)})"
    name, _, version = package.partition("@")
    return f"{name}/{faces[0]}" + (f"@{version}" if version else "")


def some(names: Sequence[str], between: str = ", ") -> str:
    """Join the first :data:`MOST_TOLD` names and say how many more there are."""
    rest = len(names) - MOST_TOLD
    return between.join(names[:MOST_TOLD]) + (f" and {rest} more" if rest > 0 else "")


def _missing(wanted: InterfaceType, interface: str, offered: Sequence[str]) -> list[ImportProblem]:
    """Find the functions that an offered interface does not have."""
    return [
        ImportProblem(
            f"{wanted.name}#{function.name}",
            f"no such function; {interface} has {_near(function, offered)}",
            "call one of those, or build it without that function",
        )
        for function in wanted.functions
        if function.name not in offered
    ]


def _near(function: Function, offered: Sequence[str]) -> str:
    if not offered:
        return "no functions"
    first = difflib.get_close_matches(function.name, offered, n=MOST_TOLD, cutoff=_CLOSE)
    return some([*first, *(name for name in offered if name not in first)])


def _mismatches(wanted: InterfaceType, offered: InterfaceType) -> list[ImportProblem]:
    known = {function.name: function for function in offered.functions}
    missing = [
        ImportProblem(f"{wanted.name}#{name}", "the offered interface has no such resource")
        for name in wanted.resources
        if name not in offered.resources
    ]
    missing += _missing(wanted, offered.name, tuple(known))
    return missing + [
        ImportProblem(
            f"{wanted.name}#{function.name}",
            f"expected `{render(function)}`, the host offers `{render(known[function.name])}`",
            f"build it against {offered.name}",
        )
        for function in wanted.functions
        if function.name in known and not known[function.name].same_type(function)
    ]
