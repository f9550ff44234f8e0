"""An excerpt of a trace keeps what took the time, counts what repeats, and says what is left out."""

from __future__ import annotations

from typing import Any

from loglens.excerpt import excerpt


def row(
    name: str, depth: int, ms: float, self_ms: float | None = None, note: str | None = None, peer: str = ""
) -> dict[str, Any]:
    return {
        "record": "span",
        "service": "api",
        "name": name,
        "peer": peer,
        "depth": depth,
        "duration_ms": ms,
        "self_ms": ms if self_ms is None else self_ms,
        "note": note,
    }


def lines(rows: list[dict[str, Any]], most: int = 24) -> list[tuple[str, str | None]]:
    return [(kept["name"], kept["note"]) for kept in excerpt(rows, most)]


def test_a_short_trace_stays_whole() -> None:
    rows = [row("root", 0, 10), row("a", 1, 3), row("a", 1, 3), row("a", 1, 3), row("b", 1, 1)]
    assert excerpt(rows, 24) == rows


def test_siblings_of_one_name_are_counted() -> None:
    rows = [row("root", 0, 99), *(row("a", 1, 4) for _ in range(12)), row("b", 1, 1)]
    assert lines(rows) == [("root", None), ("a", None), ("a", "10 more like it, 40 ms in all"), ("b", None)]


def test_calls_of_one_name_to_different_peers_are_all_shown() -> None:
    rows = [row("GET /", 0, 90), *(row("POST", 1, 30, peer=peer) for peer in ("a", "b", "c", "d", "e"))]
    assert lines(rows) == [("GET /", None)] + 5 * [("POST", None)]


def test_a_sibling_with_children_ends_the_run() -> None:
    rows = [row("root", 0, 99), *(row("a", 1, 4) for _ in range(5)), row("below", 2, 1), row("a", 1, 4)]
    assert lines(rows) == [
        ("root", None),
        ("a", None),
        ("a", "2 more like it, 8 ms in all"),
        ("a", None),
        ("below", None),
        ("a", None),
    ]


def test_what_has_a_note_is_never_hidden() -> None:
    rows = [row("root", 0, 99), *(row("a", 1, 4) for _ in range(3)), row("a", 1, 4, note="in a cycle of parents")]
    assert lines(rows)[-1] == ("a", "in a cycle of parents")


def test_the_heaviest_stay_with_all_above_them() -> None:
    rows = [row("root", 0, 100, 1)]
    for number in range(40):
        rows += [row(f"step {number}", 1, 2, 0.5), row(f"call {number}", 2, 1.5 + (number == 30) * 50)]
    assert lines(rows, 5) == [
        ("root", None),
        ("step 0", None),
        ("call 0", None),
        ("step 30", None),
        ("call 30", "76 more lines of less weight are left out"),
    ]


def test_a_chain_deeper_than_the_room_is_kept_whole() -> None:
    rows = [row(f"level {depth}", depth, 100 - depth, float(depth == 9)) for depth in range(10)]
    rows += [row("other", 1, 0.1), row("another", 1, 0.1)]
    assert [name for name, _ in lines(rows, 4)] == [f"level {depth}" for depth in range(10)]
