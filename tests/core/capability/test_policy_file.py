"""Policy files: what they say, and all that is wrong with one, at once and each on its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.capability.decision import decide
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.core.capability.policy import DEFAULT_KINDS, AnsweredBy, Mode, TrustRule
from airssys_tui.core.capability.policy_file import check_rule, parse_policy, read_folder_settings
from airssys_tui.core.errors import ManifestError

WHOLE = """\
[trust]
default = ["storage"]
observe = ["shop/new"]
[[trust.rule]]
name = "vendor"
source = "/srv/vendor/**"
permissions = ["network:connect:*.vendor.example:443"]
[[grant]]
component = "fetcher"
permissions = ["network:connect:api.example.com:443", "environment:HOME"]
rationale = "daily rates"
[[deny]]
component = "*/*"
permissions = ["process:spawn:*"]
"""
HOME = (parse_permission("environment:HOME"),)
READING_HOME = Access(Kind.ENVIRONMENT, "", "HOME")


def test_what_it_says_holds() -> None:
    source = parse_policy(WHOLE, "policy.toml")
    assert source.answered_by is AnsweredBy.POLICY_FILE
    assert source.default == (Kind.STORAGE,)
    assert decide(READING_HOME, HOME, (), source.of("fetcher"), 0.0) is None
    assert decide(READING_HOME, HOME, (), source.of("other"), 0.0) is not None
    assert source.of("shop/new").mode is Mode.OBSERVE
    trusted = source.of("x", "/srv/vendor/x/Component.toml").answers
    assert [(each.who, str(each.permission)) for each in trusted] == [
        ("trust:vendor", "network:connect:*.vendor.example:443"),
        ("policy", "process:spawn:*"),
    ]


def test_an_empty_one_grants_what_is_granted_by_default() -> None:
    source = parse_policy("", "policy.toml")
    assert source.default == DEFAULT_KINDS
    assert source.answers == source.rules == source.observed == ()


WRONG = """\
tust = 1
[trust]
default = ["storage", "files"]
observe = ["A"]
rules = []
[[trust.rule]]
permissions = ["network:connect:0x7f.1:443"]
[[trust.rule]]
name = "two words"
source = "srv"
key = ""
permissions = []
[[trust.rule]]
name = "a"
key = "k"
permissions = ["filesystem:write:/etc/**"]
[[trust.rule]]
name = "a"
key = "k"
permissions = ["environment:HOME"]
[[grant]]
component = "a b"
permission = ["environment:HOME"]
[[deny]]
permissions = ["filesystem:write:/etc/**"]
"""


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_policy(WRONG, "policy.toml")
    told = [f"{problem.line}: {problem.key}: {problem.message}" for problem in caught.value.problems]
    assert len(told) == 17
    for part in (
        "1: tust: unknown key; did you mean 'trust'?",
        "3: trust.default[1]: expected one of 'filesystem'",
        "4: trust.observe[0]: 'A' names no component",
        "5: trust.rules: unknown key; did you mean 'rule'?",
        "6: trust.rule[0].name: is required",
        "6: trust.rule[0].source: is required",
        "7: trust.rule[0].permissions[0]: '0x7f.1' is not an address",
        "9: trust.rule[1].name: expected a name",
        "10: trust.rule[1].source: the path 'srv' must be absolute",
        "11: trust.rule[1].key: expected a public key",
        "12: trust.rule[1].permissions: is required",
        "16: trust.rule[2].permissions[0]: nobody can be granted filesystem:write:/etc/**",
        "18: trust.rule[3].name: there are two rules",
        "22: grant[0].component: 'a b' names no component",
        "21: grant[0].permissions: is required",
        "23: grant[0].permission: unknown key; did you mean 'permissions'?",
        "24: deny[0].component: is required",
    ):
        assert any(line.startswith(part) for line in told), (part, told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not TOML"),
        ("a = " + "[" * 40, "nested more than"),
        ("grant = 1", "expected tables, each under [[grant]]"),
        ("[trust]\nrule = [1]", "expected tables, each under [[trust.rule]]"),
        ("[[deny]]\ncomponent = 'a'\npermissions = ['environment:A']\n" * 101, "at most 100 of [[deny]]"),
        (f"[[deny]]\ncomponent = 'a'\npermissions = {['environment:A'] * 257}", "at most 256 permissions"),
        (
            f"[[deny]]\ncomponent = 'a'\npermissions = ['environment:A']\nrationale = '{'x' * 1025}'",
            "at most 1024 characters",
        ),
    ],
)
def test_what_is_out_of_bounds_is_refused(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_policy(text, "policy.toml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "needs a source or a key"),
        ({"source": "srv"}, "must be absolute"),
        ({"key": "a b"}, "expected a public key"),
        ({"key": "k", "permissions": ()}, "needs permissions"),
        ({"key": "k", "name": ""}, "expected a name"),
        ({"key": "k", "permissions": (parse_permission("filesystem:read:/proc/self/*"),)}, "nobody can be granted"),
    ],
)
def test_a_rule_that_trusts_everybody_or_in_nothing_is_refused(rule: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_rule(TrustRule(**{"name": "vendor", "permissions": HOME, **rule}))


def test_a_rule_within_the_bounds_is_accepted() -> None:
    check_rule(TrustRule(name="vendor-1", source="/srv/**", permissions=HOME))
    check_rule(TrustRule(name="vendor_2", key="RWQf6LRCGA9i53", permissions=HOME))


def test_a_folder_says_whom_it_trusts(tmp_path: Path) -> None:
    assert read_folder_settings(tmp_path).policy.default == DEFAULT_KINDS
    file = tmp_path / "airssys.toml"
    file.write_text('[trust]\ndefault = ["messaging"]\nobserve = ["new"]\n')
    found = read_folder_settings(tmp_path).policy
    assert (found.default, found.observed, found.answered_by) == ((Kind.MESSAGING,), ("new",), AnsweredBy.OPERATOR)
    for wrong in ("[trust]\ndefalt = []\n", "[[grant]]\n", "[", "\udcff"):
        file.write_bytes(wrong.encode(errors="surrogateescape"))
        with pytest.raises(ManifestError) as caught:
            read_folder_settings(tmp_path)
        assert caught.value.remedy == "correct airssys.toml and start the runtime again"
