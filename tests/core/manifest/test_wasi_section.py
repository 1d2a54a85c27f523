"""The section ``[wasi]``: the directories that are open from the start."""

from __future__ import annotations

import pytest

from airssys_tui.core.description import capability_lines
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.manifest.document import (
    Manifest,
    Preopen,
    decode_manifest,
    encode_manifest,
    manifest_digest,
    parse_manifest,
)
from airssys_tui.core.manifest.wasi_section import MOST_PREOPENS, PREOPEN_BYTES

LEAST = '[package]\nname = "counter"\n[component]\nwasm = "counter.wasm"\n'


def read(preopens: str) -> Manifest:
    return parse_manifest(f"{LEAST}[wasi]\npreopens = {preopens}\n", "Component.toml")


def told(preopens: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read(preopens)
    return str(caught.value)


def test_directories_have_a_name_and_a_place_in_the_order_of_the_manifest() -> None:
    manifest = read('{"/data" = "/srv/data", "." = "/home/é", "/" = "/"}')
    assert manifest.wasi.preopens == (Preopen("/data", "/srv/data"), Preopen(".", "/home/é"), Preopen("/", "/"))
    assert decode_manifest(encode_manifest(manifest)) == manifest
    assert capability_lines(manifest)[0] == "directory: /data is /srv/data"


def test_none_is_the_default_and_means_the_same() -> None:
    plain = parse_manifest(LEAST, "Component.toml")
    assert plain.wasi.preopens == ()
    assert manifest_digest(read("{}")) == manifest_digest(plain)
    assert manifest_digest(read('{"/a" = "/b"}')) != manifest_digest(plain)


BAD = ["", "data", "./data", "..", "/data/", "//data", "/a//b", "/a/../b", "/a/.", "/a\\u0000b", "/a\\u001bb"]


@pytest.mark.parametrize("path", [*BAD, f"/{'x' * PREOPEN_BYTES}"])
def test_a_path_that_can_be_written_in_another_way_is_refused(path: str) -> None:
    assert "wasi.preopens" in told(f'{{"{path}" = "/srv"}}')
    assert "expected an absolute path" in told(f'{{"/data" = "{path}"}}')


@pytest.mark.parametrize("value", ["1", "true", '["/srv"]', "{}"])
def test_a_place_is_text(value: str) -> None:
    assert "expected text in quotes" in told(f'{{"/data" = {value}}}')


def test_paths_are_bounded_in_length_and_number() -> None:
    longest = "/" + "/".join(["x" * 127] * (PREOPEN_BYTES // 128))
    assert len(longest) == PREOPEN_BYTES
    assert read(f'{{"{longest}" = "{longest}"}}').wasi.preopens == (Preopen(longest, longest),)
    many = ", ".join(f'"/d{number}" = "/srv"' for number in range(MOST_PREOPENS))
    assert len(read(f"{{{many}}}").wasi.preopens) == MOST_PREOPENS
    assert f"at most {MOST_PREOPENS} directories, got {MOST_PREOPENS + 1}" in told(f'{{{many}, "/more" = "/srv"}}')


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ManifestError, match="preopens"):
        parse_manifest(f"{LEAST}[wasi]\npreopen = {{}}\n", "Component.toml")
