"""Rebuild the sample components from their sources.

    python sample_components/build.py                     all of them
    python sample_components/build.py counter primes      these
    python sample_components/build.py guestbook           one of those that are not committed
    python sample_components/build.py --check             change nothing; exit 1 when a committed file differs

Needs the extra `build` (the Zig compiler, which also compiles C, wasm-tools and componentize-py). Every sample is
byte-reproducible: the same source and tools give the same file on any machine. But for those in `.on-demand`, which are
too large to be committed: they are built when they are named, and never compared.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent
WIT = SAMPLES.parent / "wit"
SHARED = SAMPLES / ".shared"
ON_DEMAND = SAMPLES / ".on-demand"
LINKS = SAMPLES / ".links"
MESSAGES = SAMPLES / ".messages"
INSTALL = "Install the project with its extra `build`: python -m pip install -e '.[build]'"


class BuildError(Exception):
    """A tool is missing or refused its input; the text is for whoever builds."""


@dataclass(frozen=True, slots=True)
class Target:
    """One component file and the way to it.

    Attributes:
        name: What it is called on the command line. Several targets may share a name.
        output: The committed file.
        build: Writes the component, given a scratch folder and the path to write.
        reproducible: The same source and tools give the same bytes, so `--check` can compare.
        on_demand: It is not committed, and built only when it is named.
    """

    name: str
    output: Path
    build: Callable[[Path, Path], None]
    reproducible: bool = True
    on_demand: bool = False


def run(*command: str | Path, cwd: Path = SAMPLES) -> None:
    """Run one tool.

    Raises:
        BuildError: it failed; carries what it printed.
    """
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    if done.returncode != 0:
        raise BuildError(f"{' '.join(map(str, command))}\n{done.stderr or done.stdout}")


def zig() -> tuple[str, ...]:
    """The command that runs the Zig compiler."""
    if importlib.util.find_spec("ziglang") is None:
        raise BuildError(f"The Zig compiler (ziglang) is missing. {INSTALL}")
    return (sys.executable, "-m", "ziglang")


def wasm_tools() -> str:
    """The command that runs wasm-tools: the environment's own one, or else any on the path."""
    found = shutil.which("wasm-tools", path=sysconfig.get_path("scripts")) or shutil.which("wasm-tools")
    if found is None:
        raise BuildError(f"wasm-tools is missing. {INSTALL}")
    return found


def componentize(core: Path, wit: Path, world: str, scratch: Path, output: Path) -> None:
    """Wrap a core module into a component of `world`.

    Args:
        core: The module, binary or text, with the exports and imports the world asks for.
        wit: The component's folder of WIT text. Its own `deps/` and the project's packages are found from there.
        world: A world of that folder.
        scratch: An empty folder.
        output: The file to write. It keeps function names, for backtraces, and no debugging information.
    """
    folder = with_project_packages(wit, scratch)
    embedded, whole = scratch / "embedded.wasm", scratch / "whole.wasm"
    run(wasm_tools(), "component", "embed", folder, "--world", world, core, "-o", embedded)
    run(wasm_tools(), "component", "new", embedded, "-o", whole)
    run(wasm_tools(), "strip", whole, "-o", output)


def with_project_packages(wit: Path, scratch: Path) -> Path:
    """Copy a component's folder of WIT text to a scratch folder, with the project's packages beside its own `deps/`."""
    folder = scratch / "wit"
    shutil.copytree(wit, folder)
    for package in sorted(WIT.glob("*/")):
        shutil.copytree(
            package, folder / "deps" / package.name, ignore=shutil.ignore_patterns("deps"), dirs_exist_ok=True
        )
    return folder


def from_zig(source: Path, world: str, release: Path | None = None) -> Callable[[Path, Path], None]:
    """Build from Zig. The source may import `airssys`, and `release` when a file is given for it."""

    def build(scratch: Path, output: Path) -> None:
        core = scratch / "core.wasm"
        # Paths relative to a common folder keep the compiler from seeing where that folder lies.
        root, shared = (os.path.relpath(path, SAMPLES) for path in (source, SHARED / "airssys.zig"))
        modules = ["--dep", "airssys", f"-Mroot={root}", f"-Mairssys={shared}"]
        if release:
            modules = ["--dep", "release", *modules, f"-Mrelease={os.path.relpath(release, SAMPLES)}"]
        run(
            *zig(), "build-exe", "-target", "wasm32-freestanding", "-OReleaseSmall", "-fno-entry", "-rdynamic",
            "-fno-strip", "--stack", "65536", "--name", source.stem, "--cache-dir", scratch / "cache",
            f"-femit-bin={core}", *modules,
        )  # fmt: skip
        componentize(core, source.parent.parent / "wit", world, scratch, output)

    return build


def from_c(source: Path, world: str) -> Callable[[Path, Path], None]:
    """Build from C, without a standard library."""

    def build(scratch: Path, output: Path) -> None:
        core = scratch / "core.wasm"
        run(
            *zig(), "cc", "-target", "wasm32-freestanding", "-std=c17", "-Oz", "-Wall", "-Wextra", "-Werror",
            "-nostdlib", "-mbulk-memory", "-Wl,--no-entry", "-Wl,--strip-debug",
            "-o", core, os.path.relpath(source, SAMPLES),
        )  # fmt: skip
        componentize(core, source.parent.parent / "wit", world, scratch, output)

    return build


def from_python(folder: Path, world: str) -> Callable[[Path, Path], None]:
    """Build from Python with componentize-py and its defaults: the interpreter is in the component."""

    def build(scratch: Path, output: Path) -> None:
        tool = shutil.which("componentize-py", path=sysconfig.get_path("scripts")) or shutil.which("componentize-py")
        if tool is None:
            raise BuildError(f"componentize-py is missing. {INSTALL}")
        wit = with_project_packages(folder / "wit", scratch)
        run(tool, "-d", wit, "-w", world, "componentize", "-p", folder / "src", "app", "-o", output, cwd=scratch)

    return build


def from_core_text(source: Path, world: str) -> Callable[[Path, Path], None]:
    """Build from the text of a core module."""

    def build(scratch: Path, output: Path) -> None:
        componentize(source, source.parent.parent / "wit", world, scratch, output)

    return build


def from_component_text(source: Path) -> Callable[[Path, Path], None]:
    """Build from the text of a whole component."""

    def build(_scratch: Path, output: Path) -> None:
        run(wasm_tools(), "parse", source, "-o", output)

    return build


def counter(output: Path, release: str, world: str) -> Target:
    """Describe one release of the counter."""
    folder = SAMPLES / "counter" / "src"
    return Target("counter", output, from_zig(folder / "counter.zig", world, folder / "releases" / f"{release}.zig"))


def release_of_counter(release: str) -> Path:
    """Name the file of a release that is kept outside the watched folders."""
    return SAMPLES / ".releases" / "counter" / release / "counter.wasm"


def release_of_adder(release: str) -> Target:
    """Describe a later release of the adder, which has its own sources."""
    folder = LINKS / ".releases" / "adder" / release
    return Target("adder", folder / "adder.wasm", from_c(folder / "src" / "adder.c", "adder-component"))


def stage(name: str) -> Target:
    """Describe one stage of the pipeline."""
    folder = MESSAGES / name
    return Target(name, folder / f"{name}.wasm", from_zig(folder / "src" / f"{name}.zig", name))


TARGETS = (
    counter(SAMPLES / "counter" / "counter.wasm", "1.0.0", "counter"),
    counter(release_of_counter("1.0.0"), "1.0.0", "counter"),
    counter(release_of_counter("1.1.0"), "1.1.0", "counter-with-statistics"),
    counter(release_of_counter("1.2.0"), "1.2.0", "counter-with-statistics"),
    counter(release_of_counter("1.3.0"), "1.3.0", "counter-without-reset"),
    counter(release_of_counter("1.4.0"), "1.4.0", "counter-with-statistics"),
    Target(
        "greeter",
        SAMPLES / "greeter" / "greeter.wasm",
        from_zig(SAMPLES / "greeter" / "src" / "greeter.zig", "greeter"),
    ),
    Target(
        "clockwork",
        SAMPLES / "clockwork" / "clockwork.wasm",
        from_zig(SAMPLES / "clockwork" / "src" / "clockwork.zig", "clockwork"),
    ),
    Target(
        "fetcher",
        SAMPLES / "fetcher" / "fetcher.wasm",
        from_zig(SAMPLES / "fetcher" / "src" / "fetcher.zig", "fetcher"),
    ),
    Target(
        "file-tail",
        SAMPLES / "file-tail" / "file-tail.wasm",
        from_zig(SAMPLES / "file-tail" / "src" / "file-tail.zig", "file-tail"),
    ),
    Target(
        "git-status",
        SAMPLES / "git-status" / "git-status.wasm",
        from_zig(SAMPLES / "git-status" / "src" / "git-status.zig", "git-status"),
    ),
    Target("ledger", SAMPLES / "ledger" / "ledger.wasm", from_zig(SAMPLES / "ledger" / "src" / "ledger.zig", "ledger")),
    Target("snoop", SAMPLES / "snoop" / "snoop.wasm", from_zig(SAMPLES / "snoop" / "src" / "snoop.zig", "snoop")),
    Target("primes", SAMPLES / "primes" / "primes.wasm", from_c(SAMPLES / "primes" / "src" / "primes.c", "primes")),
    Target(
        "hoarder",
        SAMPLES / "hoarder" / "hoarder.wasm",
        from_component_text(SAMPLES / "hoarder" / "src" / "hoarder.wat"),
    ),
    Target(
        "crasher",
        SAMPLES / "crasher" / "crasher.wasm",
        from_core_text(SAMPLES / "crasher" / "src" / "crasher.wat", "crasher"),
    ),
    Target(
        "visitors",
        SAMPLES / "visitors" / "visitors.wasm",
        from_zig(SAMPLES / "visitors" / "src" / "visitors.zig", "visitors"),
    ),
    Target("adder", LINKS / "adder" / "adder.wasm", from_c(LINKS / "adder" / "src" / "adder.c", "adder-component")),
    release_of_adder("1.1.0"),
    release_of_adder("2.0.0"),
    Target(
        "calculator",
        LINKS / "calculator" / "calculator.wasm",
        from_zig(LINKS / "calculator" / "src" / "calculator.zig", "calculator"),
    ),
    Target("cart", LINKS / "cart" / "cart.wasm", from_c(LINKS / "cart" / "src" / "cart.c", "cart")),
    Target("shop", LINKS / "shop" / "shop.wasm", from_zig(LINKS / "shop" / "src" / "shop.zig", "shop")),
    Target("ping", MESSAGES / "ping" / "ping.wasm", from_zig(MESSAGES / "ping" / "src" / "ping.zig", "ping")),
    Target("pong", MESSAGES / "pong" / "pong.wasm", from_c(MESSAGES / "pong" / "src" / "pong.c", "pong")),
    Target(
        "flaky",
        MESSAGES / "flaky" / "flaky.wasm",
        from_core_text(MESSAGES / "flaky" / "src" / "flaky.wat", "flaky"),
    ),
    stage("splitter"),
    stage("shouter"),
    stage("gatherer"),
    Target(
        "guestbook",
        ON_DEMAND / "guestbook" / "guestbook.wasm",
        from_python(ON_DEMAND / "guestbook", "guestbook"),
        reproducible=False,
        on_demand=True,
    ),
    Target(
        "wasi-hello",
        SAMPLES / "wasi-hello" / "wasi-hello.wasm",
        from_c(SAMPLES / "wasi-hello" / "src" / "hello.c", "hello"),
    ),
    Target(
        "word-count",
        SAMPLES / "word-count" / "word-count.wasm",
        from_c(SAMPLES / "word-count" / "src" / "word_count.c", "word-count"),
    ),
)


def build(target: Target) -> bytes:
    """Build one component in a scratch folder and give its bytes."""
    with tempfile.TemporaryDirectory(prefix="airssys-build-") as folder:
        output = Path(folder) / "component.wasm"
        target.build(Path(folder), output)
        return output.read_bytes()


def replace(path: Path, content: bytes) -> None:
    """Put a whole file in place at once: somebody may be watching."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def main(targets: tuple[Target, ...] = TARGETS, arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0; 1 when a build failed or `--check` found a difference.
    """
    names = list(dict.fromkeys(target.name for target in targets))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names)}; all of them when none is given")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a committed file differs")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in names]
    if unknown:
        parser.error(f"no sample is called {unknown[0]}; there are {', '.join(names)}")
    failed = False
    for target in targets:
        if target.name not in asked.names and (asked.names or target.on_demand):
            continue
        shown = os.path.relpath(target.output)
        if asked.check and not target.reproducible:
            sys.stdout.write(f"skipped: its toolchain does not give the same bytes twice  {shown}\n")
            continue
        try:
            content = build(target)
        except BuildError as error:
            sys.stderr.write(f"{shown}: {error}\n")
            return 1
        digest = hashlib.sha256(content).hexdigest()
        same = target.output.is_file() and target.output.read_bytes() == content
        if asked.check:
            failed |= not same
            verdict = "same" if same else "DIFFERS"
        else:
            verdict = "unchanged" if same else "built"
            if not same:
                replace(target.output, content)
        sys.stdout.write(f"{verdict:9}  {len(content):7} bytes  sha256:{digest[:16]}  {shown}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
