"""The trie of topics finds exactly the patterns that match, one by one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.pattern.name_glob import topic_contains
from airssys_tui.core.pattern.topic_trie import TopicTrie, check_pattern, check_plain_topic

WORDS = st.sampled_from(("a", "b", "c"))
TOPICS = st.lists(WORDS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.tuples(
    st.lists(st.sampled_from(("a", "b", "*")), max_size=4), st.sampled_from((["#"], ["*"], ["a"]))
).map(lambda parts: ".".join(parts[0] + parts[1]))


@given(patterns=st.lists(st.tuples(PATTERNS, st.integers(0, 3))), gone=st.lists(st.integers(0, 20)), topic=TOPICS)
@settings(deadline=None)
def test_it_finds_what_comparing_each_pattern_finds(
    patterns: list[tuple[str, int]], gone: list[int], topic: str
) -> None:
    trie: TopicTrie[int] = TopicTrie()
    left = set()
    for pattern, who in patterns:
        assert trie.add(pattern, who) is ((pattern, who) not in left)
        left.add((pattern, who))
    for number in gone:
        with suppress(IndexError):
            assert trie.remove(*patterns[number]) is (patterns[number] in left)
            left.discard(patterns[number])
    found = trie.match(topic)
    assert set(found) == {who for pattern, who in left if topic_contains(pattern, topic)}
    assert all(topic_contains(pattern, topic) for pattern in found.values())
    for pattern, who in left:
        trie.remove(pattern, who)
    assert trie.match(topic) == {}
    assert trie.empty, "nothing is left of what is gone"


@pytest.mark.parametrize("topic", ["", ".", "a.", "A", "a b", "a.*", "#", "x" * 257, "ä"])
def test_a_topic_that_is_none(topic: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        check_plain_topic(topic)


@pytest.mark.parametrize("pattern", ["", "#.a", "a..b", "A.*", "a*", "x" * 257])
def test_a_pattern_that_is_none(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"names no topic|expected"):
        check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["#", "*", "a.*.#", "news-1.today"])
def test_a_pattern_that_is_one(pattern: str) -> None:
    check_pattern(pattern)
