"""Values and bytes that are changed at will, to be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from nasbench.errors import InputError

FEW = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "..", "../../x", "/etc/passwd", "${seed}", "${oc.env:HOME}", "???", "\x1b[2J", "x" * 300]),
    st.sampled_from(["os.system", "antigravity.X", "nasbench.budget.Budget", "subprocess.Popen", "ok", "failed"]),
)
NUMBERS = st.one_of(
    st.integers(-2, 3), st.sampled_from([0, 10**30, -(10**30), 2**63, 1e308, -0.0]), st.floats(allow_nan=False)
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)

JSON_BYTES = st.lists(
    st.sampled_from([b"1", b"0", b"-", b".", b"e", b"999", b"NaN", b"Infinity", b"null", b'"', b"[", b"]", b"{", b"}"])
    | st.sampled_from([b",", b":", b" ", b"\\", b"u", b"\\ud800", b"\xc3\xa9", b"\xed\xa0\x80", b"\x00", b'"index":']),
    max_size=6,
).map(b"".join)
"""What may stand in JSON, or just may not."""


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the parts of a JSON value are."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


def replaced(node: Any, path: tuple[Any, ...], by: Any) -> Any:
    """A value with one part of it replaced."""
    if not path:
        return by
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = replaced(node[path[0]], path[1:], by)
    return copy


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value of which one part is another."""
    return replaced(value, draw(st.sampled_from(places(value))), draw(VALUES))


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes, put: st.SearchStrategy[bytes] = st.binary(max_size=8)) -> bytes:  # noqa: B008
    """Bytes of which a stretch is cut out and another put in its place."""
    begin = draw(st.integers(0, len(content)))
    end = draw(st.one_of(st.just(len(content)), st.integers(begin, min(begin + 8, len(content)))))
    return content[:begin] + draw(put) + content[end:]


@contextmanager
def read_or_refused() -> Iterator[None]:
    """Within it, nothing but an InputError may be raised, and that must be one line that a terminal can show."""
    said = ""
    try:
        yield
    except InputError as error:
        said = str(error)
    assert not {"\n", "\x1b"} & set(said), said
