import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.sources.formats import json_text
from include.sources.formats.json_text import check_nesting

LEAVES = st.sampled_from([1, None, "", "[", '"', "\\", '\\"[', '{"', "\\\\", 'a\\\\"]}', "é]"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "[", '"{']), inner, max_size=3)),
)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(value, list | dict) else 0


@settings(max_examples=2 * settings.default.max_examples)
@given(tree=TREES)
def test_the_scan_finds_exactly_the_depth_that_a_decoder_would(tree):
    document = [tree]
    text = json.dumps(document).encode()

    check_nesting(text, depth(document))

    with pytest.raises(BadDocument):
        check_nesting(text, depth(document) - 1)


def test_the_scan_carries_depth_and_open_texts_over_its_steps(monkeypatch):
    text = json.dumps([["[[[", ["{{"] * 50, [[["]]]"]]]]]).encode()

    for scanned in range(1, 40):
        monkeypatch.setattr(json_text, "_SCANNED", scanned)
        check_nesting(text, 5)
        with pytest.raises(BadDocument, match="deeper than 4"):
            check_nesting(text, 4)
