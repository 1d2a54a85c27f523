"""Names: globs over components and commands, and topics."""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.core.identity import DEFAULT_NAMESPACE
from airssys_tui.core.pattern.glob import check_path_glob, glob, is_normal_path

MAX_NAME_PATTERN: Final = 256
"""Bytes of UTF-8 of a pattern over names at most."""

_COMPONENT: Final = re.compile(r"[a-z0-9*?\[\]{},!-]+(?:/[a-z0-9*?\[\]{},!-]+)?\Z")
_TOPIC_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+\Z|\*\Z|#\Z")
_ENVIRONMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def check_component_glob(pattern: str) -> None:
    """Check a glob over components: ``counter``, ``shop/*``; without a namespace it means the default one.

    Raises:
        ValueError: With what was expected; so do the other checks of this module.
    """
    _check_length(pattern)
    if not _COMPONENT.match(pattern):
        raise ValueError(f"{pattern!r} names no component; write counter, shop/* or */*")
    if glob(pattern).has_deep:
        raise ValueError(f"{pattern!r} names no component; write */* for all of them")


def check_command_glob(pattern: str) -> None:
    """Check a glob over programs: a name that the search path finds, or an absolute path."""
    _check_length(pattern)
    if "/" in pattern:
        check_path_glob(pattern)
        return
    if any(char.isspace() for char in pattern):
        raise ValueError(f"{pattern!r} has spaces; name the program alone, such as git: its arguments are not limited")
    if not pattern or glob(pattern).has_deep:
        raise ValueError(f"{pattern!r} names no program; write git or /usr/bin/git")


def check_topic(pattern: str) -> None:
    """Check a topic: words separated by dots, ``*`` for one word, ``#`` at the end for the rest."""
    _check_length(pattern)
    segments = pattern.split(".")
    if not all(map(_TOPIC_SEGMENT.match, segments)) or "#" in segments[:-1]:
        raise ValueError(
            f"{pattern!r} names no topic; use words separated by dots, * for one word, # at the end for the rest"
        )


def check_variable(name: str) -> None:
    """Check the name of an environment variable."""
    _check_length(name)
    if not _ENVIRONMENT.match(name):
        raise ValueError(f"{name!r} is not the name of an environment variable")


def component_matches(pattern: str, component: str) -> bool:
    """Return whether a component, by the text of its identity, is one of a glob."""
    return glob(full_component(pattern)).matches(full_component(component))


def component_contains(wider: str, narrower: str) -> bool:
    """Return whether one glob over components surely matches all that another one matches."""
    return glob(full_component(wider)).contains(glob(full_component(narrower)))


def full_component(text: str) -> str:
    """Return an identity, or a glob over identities, with its namespace."""
    return text if "/" in text else f"{DEFAULT_NAMESPACE}/{text}"


def command_matches(pattern: str, program: str, names: tuple[str, ...] = ()) -> bool:
    """Return whether a program is one of a glob.

    Args:
        pattern: A name, or the glob of an absolute path.
        program: An absolute path; or a name, for a question about any program of that name.
        names: The names under which the search path finds just this program.
    """
    if "/" in pattern:
        return is_normal_path(program) and glob(pattern).matches(program)
    if "/" not in program:
        names = (program,)
    return any(name and "/" not in name and glob(pattern).matches(name) for name in names)


def command_contains(wider: str, narrower: str) -> bool:
    """Return whether one glob over programs surely matches all that another one matches."""
    return ("/" in wider) == ("/" in narrower) and glob(wider).contains(glob(narrower))


def topic_contains(wider: str, narrower: str) -> bool:
    """Return whether a topic stands for everything that another one, with or without wildcards, stands for.

    ``#`` stands for any number of words, none included: ``events.#`` contains ``events``.
    """
    wide, narrow = wider.split("."), narrower.split(".")
    if wide[-1] != "#":
        return narrow[-1] != "#" and len(wide) == len(narrow) and all(map(_word_contains, wide, narrow))
    head = wide[:-1]
    return len(narrow) >= len(head) and all(map(_word_contains, head, narrow))


def _word_contains(wide: str, narrow: str) -> bool:
    return narrow == wide or (wide == "*" and narrow != "#")


def _check_length(pattern: str) -> None:
    if len(pattern.encode(errors="surrogatepass")) > MAX_NAME_PATTERN:
        raise ValueError(f"a pattern over names has at most {MAX_NAME_PATTERN} bytes")
