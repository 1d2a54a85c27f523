"""``wasi:keyvalue`` called by a real component, in both drafts."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import StoreError
from airssys_tui.core.keyvalue import MAX_CHANGE, MAX_VALUE, SetKey, WriteTerms
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.host.wasi.drafts.buckets import MOST_LISTED
from airssys_tui.host.wasi.drafts.keyvalue_atomics import TRIES
from airssys_tui.host.wasi.drafts.keyvalue_store import MOST_CURSORS
from airssys_tui.store.keyvalues.overlay import Overlay
from tests.support.wasi.draft_guest import ATOMICS, BATCH, READ_WRITE, STORE, VERSIONS, drafts_of

DENIED, NONE = Err(Variant("access-denied")), Err(Variant("no-such-store"))
TERMS = WriteTerms(10**9)
NEWEST = drafts_of("keyvalue", "0.2.0-draft2")
FIRST = drafts_of("keyvalue", "0.2.0-draft")


def failed(answer):
    """Return the text of an answer that is ``other``."""
    assert isinstance(answer, Err)
    assert answer.value.case == "other"
    return answer.value.payload


@pytest.fixture
def newest(draft_guest):
    guest = draft_guest(NEWEST, READ_WRITE)
    guest.open()
    return guest


def test_a_value_is_kept_as_it_is_until_it_is_deleted(keyvalue):
    assert keyvalue.do("get", "k") == Ok(None)
    assert keyvalue.do("exists", "k") == Ok(False)
    assert keyvalue.do("set", "k", b"\0\xff\n") == Ok()
    assert keyvalue.do("get", "k") == Ok(Some(b"\0\xff\n"))
    assert keyvalue.do("exists", "k") == Ok(True)
    assert keyvalue.do("set", "k", b"") == Ok()
    assert keyvalue.do("get", "k") == Ok(Some(b""))
    assert keyvalue.do("delete", "k") == Ok()
    assert keyvalue.do("delete", "k") == Ok()
    assert keyvalue.do("get", "k") == Ok(None)


ODD = ["", "a/b", "../x", "%", "%2F", "%25", "a\0b", "\n", "\x7f\x85", "é€😀", "kv/default/k", " ", "a" * 240]


@pytest.mark.parametrize("key", ODD, ids=ascii)
def test_any_text_is_a_key_of_its_own(newest, key):
    others = [other for other in ODD if other != key]
    assert newest.do("set", key, b"1") == Ok()
    assert [newest.do("exists", other) for other in others] == [Ok(False)] * len(others)
    assert newest.do("get", key) == Ok(Some(b"1"))
    assert newest.do("list-keys", None) == Ok({"keys": [key], "cursor": None})


def test_buckets_are_apart_whatever_they_are_called(newest):
    names = ["", "default", "a", "a/", "/a", "%2F", "a%2F", "a\nb", "é"]
    for name in names:
        assert newest.open(name)
        newest.do("set", "k/", name.encode())
    for name in names:
        newest.open(name)
        assert newest.do("get", "k/") == Ok(Some(name.encode()))
        assert newest.do("list-keys", None) == Ok({"keys": ["k/"], "cursor": None})


def test_two_drafts_of_one_component_share_their_buckets(draft_guest):
    first = draft_guest(FIRST, READ_WRITE)
    second = draft_guest(NEWEST, READ_WRITE, storage=first.storage)
    first.open()
    second.open()
    first.do("set", "k", b"1")
    assert second.do(f"{ATOMICS}increment", "k", 1) == Ok(2)
    assert first.do("get", "k") == Ok(Some(b"2"))


def test_values_lie_in_the_storage_of_the_component_where_its_other_interface_sees_them(newest):
    newest.do("set", "a b", b"1")
    assert newest.storage.get("kv/default/a b") == b"1"
    newest.storage.set("kv/default/text", "wörds", TERMS)
    newest.storage.set("own", "2", TERMS)
    newest.storage.set("kv/default/100%", "no key of a bucket is written so", TERMS)
    assert newest.do("get", "text") == Ok(Some("wörds".encode()))
    assert newest.do("list-keys", None) == Ok({"keys": ["a b", "text"], "cursor": None})


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        ("get", ("k" * 246,), "invalid-key: the key is 246 bytes; the limit in this bucket is 245"),
        ("set", ("é" * 123, b""), "invalid-key: the key is 246 bytes"),
        ("exists", ("\0" * 82,), "invalid-key: the key is 246 bytes"),
        ("exists", ("\0" * 300,), "invalid-key: the key is 300 bytes"),
        ("delete", ("k" * 100_000,), "invalid-key"),
        ("set", ("k", b"x" * (MAX_VALUE + 1)), "too-large: the value is 1048577 bytes; the limit is 1048576"),
        (f"{BATCH}get-many", (["k"] * 1_001,), "too-large: 1001 keys at once; the limit is 1000"),
        (f"{BATCH}set-many", ([("k", b"")] * 1_001,), "too-large: 1001 keys"),
        (f"{BATCH}delete-many", (["k"] * 1_001,), "too-large: 1001 keys"),
        (f"{BATCH}set-many", ([("k", b""), ("l" * 246, b"")],), "invalid-key"),
        (f"{ATOMICS}increment", ("k" * 246, 1), "invalid-key"),
    ],
    ids=lambda value: value if isinstance(value, str) and "#" in value else "",
)
def test_what_is_too_large_is_an_error_that_says_the_limit(keyvalue, function, arguments, said):
    assert failed(keyvalue.do(function, *arguments)).startswith(said)
    assert keyvalue.storage.usage().keys == 0


def test_an_identifier_that_is_too_long_is_no_store(keyvalue):
    assert keyvalue.open("b" * 64) == Ok(keyvalue.bucket)
    assert keyvalue.open("b" * 65) == NONE
    assert keyvalue.open("/" * 22) == NONE
    assert keyvalue.open("b" * 1_000_000) == NONE


def test_the_quota_holds(draft_guest):
    guest = draft_guest(NEWEST, READ_WRITE, quota=100)
    guest.open()
    assert guest.do("set", "k", b"x" * 88) == Ok()
    assert failed(guest.do("set", "l", b"")).startswith("quota-exceeded: 112 bytes exceed the limit of 100")
    assert failed(guest.do(f"{BATCH}set-many", [("l", b""), ("m", b"")])).startswith("quota-exceeded")
    assert failed(guest.do(f"{ATOMICS}increment", "n", 1)).startswith("quota-exceeded")
    cas = guest.do(f"{ATOMICS}[static]cas.new", "c").value
    refused = guest.call(f"{ATOMICS}swap", cas, b"x")
    assert refused.value.case == "store-error"
    assert refused.value.payload.payload.startswith("quota-exceeded")
    assert guest.do("list-keys", None) == Ok({"keys": ["k"], "cursor": None})


def test_a_storage_in_trouble_is_an_error_without_names_of_files_and_the_operator_is_told(draft_guest):
    class Broken(Overlay):
        def get(self, key, deadline_ns=None):
            raise StoreError("/var/lib/secret is gone")

    guest = draft_guest(NEWEST, READ_WRITE, storage=Broken())
    guest.open()
    assert failed(guest.do("get", "k")) == "failed: the storage failed: store"
    assert guest.troubles == ["storage: /var/lib/secret is gone"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_large_bucket_is_listed_in_pages_while_its_keys_are_deleted(draft_guest, version):
    guest = draft_guest(drafts_of("keyvalue", version), READ_WRITE)
    guest.open()
    names = {f"key-{number:05}%" for number in range(2 * MOST_LISTED + 10)}
    guest.storage.apply(tuple(SetKey(f"kv/default/{name[:-1]}%25", b"") for name in names), TERMS)
    guest.storage.set("kv/default0", b"beyond", TERMS)
    seen, cursor, pages = [], None, 0
    while True:
        page = guest.do("list-keys", cursor).value
        pages += 1
        assert len(page["keys"]) <= MOST_LISTED
        seen += page["keys"]
        assert guest.do(f"{BATCH}delete-many", page["keys"]) == Ok()
        if page["cursor"] is None:
            break
        cursor = page["cursor"]
    assert (set(seen), len(seen), pages) == (names, len(names), 3)
    assert guest.storage.usage().keys == 1


def test_a_page_that_is_just_full_is_the_last(newest):
    newest.storage.apply(tuple(SetKey(f"kv/default/{number}", b"") for number in range(MOST_LISTED)), TERMS)
    page = newest.do("list-keys", None).value
    assert (len(page["keys"]), page["cursor"]) == (MOST_LISTED, None)


def test_a_number_is_a_cursor_of_its_bucket_while_it_is_one_of_the_latest(draft_guest):
    guest = draft_guest(FIRST, READ_WRITE)
    guest.open()
    guest.storage.apply(tuple(SetKey(f"kv/default/{number:04}", b"") for number in range(MOST_LISTED + 1)), TERMS)
    cursors = [guest.do("list-keys", None).value["cursor"] for _ in range(MOST_CURSORS + 1)]
    assert failed(guest.do("list-keys", cursors[0])).startswith("invalid-cursor: 1 is none of the last 4")
    for cursor in cursors[1:]:
        assert guest.do("list-keys", cursor).value["keys"] == ["1000"]
    for made_up in (0, 99, 2**64 - 1):
        assert failed(guest.do("list-keys", Some(made_up))).startswith("invalid-cursor")
    guest.open()
    assert failed(guest.do("list-keys", cursors[-1])).startswith("invalid-cursor")


@pytest.mark.parametrize("cursor", ["", "\0", "zz", "../", "kv/other/", "\uffff"])
def test_a_made_up_cursor_of_text_stays_in_its_bucket(newest, cursor):
    newest.open("other")
    newest.do("set", "k", b"")
    newest.open()
    newest.do("set", "y", b"")
    assert newest.do("list-keys", Some(cursor)).value["keys"] in ([], ["y"])
    assert failed(newest.do("list-keys", Some("z" * 246))).startswith("invalid-key")


def test_a_batch_reads_in_order_and_changes_all_or_none(keyvalue):
    assert keyvalue.do(f"{BATCH}set-many", [("a", b"1"), ("b", b"2"), ("a", b"3")]) == Ok()
    found = Ok([Some(("b", b"2")), None, Some(("a", b"3")), Some(("a", b"3"))])
    assert keyvalue.do(f"{BATCH}get-many", ["b", "x", "a", "a"]) == found
    assert isinstance(keyvalue.do(f"{BATCH}set-many", [("c", b"1"), ("d", b"x" * (MAX_VALUE + 1))]), Err)
    assert keyvalue.do("exists", "c") == Ok(False)
    assert keyvalue.do(f"{BATCH}delete-many", ["a", "x", "a"]) == Ok()
    assert keyvalue.do(f"{BATCH}get-many", []) == Ok([])
    assert keyvalue.do(f"{BATCH}set-many", []) == Ok()
    assert keyvalue.do("list-keys", None) == Ok({"keys": ["b"], "cursor": None})


def test_a_batch_moves_what_one_change_may_hold_and_no_more(newest):
    half = b"x" * (MAX_CHANGE // 2 - 1)
    newest.storage.apply((SetKey("kv/default/a", half), SetKey("kv/default/b", half)), TERMS)
    assert newest.do(f"{BATCH}get-many", ["a", "b"]) == Ok([Some(("a", half)), Some(("b", half))])
    newest.do("set", "c", b"")
    assert failed(newest.do(f"{BATCH}get-many", ["a", "b", "c"])).startswith(f"too-large: more than {MAX_CHANGE}")


def test_a_counter_is_its_decimal_number(keyvalue):
    assert keyvalue.do(f"{ATOMICS}increment", "n", 5) == Ok(5)
    assert keyvalue.do(f"{ATOMICS}increment", "n", 0) == Ok(5)
    assert keyvalue.do("get", "n") == Ok(Some(b"5"))
    keyvalue.storage.set("kv/default/n", "41", TERMS)
    assert keyvalue.do(f"{ATOMICS}increment", "n", 1) == Ok(42)


@pytest.mark.parametrize("value", [b"", b"x", b"1.5", b" 1", b"\x01\0\0\0\0\0\0\0", b"9" * 21, b"--1"])
def test_what_is_no_number_is_not_counted(keyvalue, value):
    keyvalue.do("set", "n", value)
    assert failed(keyvalue.do(f"{ATOMICS}increment", "n", 1)).startswith("not-a-number")
    assert keyvalue.do("get", "n") == Ok(Some(value))


@pytest.mark.parametrize(
    ("version", "value", "delta"),
    [
        ("0.2.0-draft", 2**64 - 1, 1),
        ("0.2.0-draft", -2, 1),
        ("0.2.0-draft2", 2**63 - 1, 1),
        ("0.2.0-draft2", -(2**63), -1),
    ],
)
def test_a_counter_stays_within_its_type(draft_guest, version, value, delta):
    guest = draft_guest(drafts_of("keyvalue", version), READ_WRITE)
    guest.open()
    guest.do("set", "n", str(value).encode())
    assert failed(guest.do(f"{ATOMICS}increment", "n", delta)).startswith("out-of-range")
    assert guest.do("get", "n") == Ok(Some(str(value).encode()))
    other = "m"
    assert guest.do(f"{ATOMICS}increment", other, abs(delta)) == Ok(1)


class Contested(Overlay):
    """A storage in which somebody else writes between a reading and a change, as often as is left."""

    left = 0

    def apply(self, operations, terms, deadline_ns=None):
        if self.left:
            self.left -= 1
            super().apply((SetKey("kv/default/n", str(100 + self.left).encode()),), terms)
        super().apply(operations, terms, deadline_ns)


def test_a_counter_that_others_change_meanwhile_is_read_again(draft_guest):
    guest = draft_guest(NEWEST, READ_WRITE, storage=Contested())
    guest.open()
    guest.storage.left = TRIES - 1
    assert guest.do(f"{ATOMICS}increment", "n", 1) == Ok(101)
    guest.storage.left = TRIES
    assert failed(guest.do(f"{ATOMICS}increment", "n", 1)).startswith("conflict")
    assert guest.do("get", "n") == Ok(Some(b"100"))


def test_a_swap_succeeds_once_and_only_for_what_it_saw(newest):
    new, swap, current = f"{ATOMICS}[static]cas.new", f"{ATOMICS}swap", f"{ATOMICS}[method]cas.current"
    first, second = newest.do(new, "k").value, newest.do(new, "k").value
    assert newest.call(current, first) == Ok(None)
    assert newest.call(swap, first, b"1") == Ok()
    failure = newest.call(swap, second, b"2").value
    assert failure.case == "cas-failed"
    assert newest.call(current, failure.payload) == Ok(Some(b"1"))
    assert newest.call(swap, failure.payload, b"2") == Ok()
    assert newest.do("get", "k") == Ok(Some(b"2"))
    with pytest.raises(GuestTrap):
        newest.call(swap, first, b"3")  # a swap takes its handle


def test_a_swap_takes_no_larger_value_than_others(newest):
    cas = newest.do(f"{ATOMICS}[static]cas.new", "k").value
    refused = newest.call(f"{ATOMICS}swap", cas, b"x" * (MAX_VALUE + 1)).value
    assert refused.case == "store-error"
    assert failed(Err(refused.payload)).startswith("too-large")
    assert newest.do("exists", "k") == Ok(False)


def test_a_comparison_is_of_what_it_told_last(newest):
    cas = newest.do(f"{ATOMICS}[static]cas.new", "k").value
    newest.do("set", "k", b"1")
    assert newest.call(f"{ATOMICS}[method]cas.current", cas) == Ok(Some(b"1"))
    assert newest.call(f"{ATOMICS}swap", cas, b"2") == Ok()


def test_a_swap_against_somebody_who_is_quicker_fails_with_a_fresh_handle(draft_guest):
    guest = draft_guest(NEWEST, READ_WRITE, storage=Contested())
    guest.open()
    cas = guest.do(f"{ATOMICS}[static]cas.new", "n").value
    guest.storage.left = 1
    failure = guest.call(f"{ATOMICS}swap", cas, b"1").value
    assert failure.case == "cas-failed"
    assert guest.call(f"{ATOMICS}swap", failure.payload, b"1") == Ok()
    assert guest.do("get", "n") == Ok(Some(b"1"))


def test_handles_are_capped(draft_guest):
    guest = draft_guest(NEWEST, READ_WRITE, limits=Limits(handles=3, deadline=60.0))
    for _ in range(3):
        guest.open()
    with pytest.raises(GuestTrap) as caught:
        guest.open()
    assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("set", ("k", b"x" * 900_000)),
        ("get", ("large",)),
        ("list-keys", (None,)),
        (f"{BATCH}get-many", (["k"] * 1_000,)),
        (f"{BATCH}set-many", ([("k", b"")] * 1_000,)),
        (f"{BATCH}delete-many", (["k"] * 1_000,)),
    ],
)
def test_work_costs_fuel(newest, function, arguments):
    newest.storage.set("kv/default/large", b"x" * 900_000, TERMS)
    newest.storage.apply(tuple(SetKey(f"kv/default/{number:0240}", b"") for number in range(1_000)), TERMS)
    before = newest.storage.usage()
    name = ("keyvalue-store-bucket-" if "#" not in function else "") + function.replace("/", "-").replace("#", "-")
    with pytest.raises(GuestTrap) as caught:
        newest.instance.call(name, newest.bucket, *arguments, fuel=200_000)
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL
    assert newest.storage.usage() == before


def test_without_the_permission_nothing_opens(draft_guest):
    guest = draft_guest(NEWEST)
    assert guest.open() == DENIED
    assert [denial.text for denial in guest.guard.denied] == [
        'undeclared: storage = "read" under [capabilities] in the manifest would allow it'
    ]


def test_who_may_read_may_not_change(draft_guest):
    guest = draft_guest(NEWEST, "storage:read")
    guest.storage.set("kv/default/k", b"1", TERMS)
    guest.open()
    assert guest.do("get", "k") == Ok(Some(b"1"))
    assert guest.do("exists", "k") == Ok(True)
    assert guest.do("list-keys", None).value["keys"] == ["k"]
    assert guest.do(f"{BATCH}get-many", ["k"]) == Ok([Some(("k", b"1"))])
    for function, arguments in (
        ("set", ("k", b"2")),
        ("delete", ("k",)),
        (f"{BATCH}set-many", ([("k", b"2")],)),
        (f"{BATCH}delete-many", (["k"],)),
        (f"{ATOMICS}increment", ("k", 1)),
    ):
        assert guest.do(function, *arguments) == DENIED
    cas = guest.do(f"{ATOMICS}[static]cas.new", "k").value
    assert guest.call(f"{ATOMICS}[method]cas.current", cas) == Ok(Some(b"1"))
    assert guest.call(f"{ATOMICS}swap", cas, b"2") == Err(Variant("store-error", Variant("access-denied")))
    assert guest.storage.get("kv/default/k") == b"1"


def test_a_revocation_holds_for_open_buckets_at_once(newest):
    newest.do("set", "k", b"1")
    newest.guard.declared = ()
    assert newest.do("get", "k") == DENIED
    assert newest.do("set", "k", b"2") == DENIED
    assert newest.call(f"{STORE}open", "default") == DENIED


def test_the_permission_comes_before_the_identifier(draft_guest):
    guest = draft_guest(NEWEST)
    assert guest.open("b" * 65) == DENIED, "who may not use the storage learns nothing of it"
