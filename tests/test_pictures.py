"""Errors, bursts and silences as a terminal shows them: where they began, what came of them, what to ask next."""

from __future__ import annotations

from loglens.analyses.bursts import ANALYSIS as BURSTS
from loglens.analyses.error import ANALYSIS
from loglens.analyses.silence import ANALYSIS as SILENCE
from loglens.analysis import Row

NOON_NS = 1_768_478_400_000_000_000
SECOND_NS = 10**9


def row(part: str, **told: object) -> Row:
    return {**dict.fromkeys(ANALYSIS.columns), "part": part, **told}


ROWS = [
    row("error", seen_ts=NOON_NS, service="pay", name="charge", value="Timeout", requests=9),
    row("operation", service="pay", name="db.connect", requests=9),
    row("seen", service="shop", name="/checkout", requests=6),
    row("seen", service="pay", name="nightly", requests=3),
    row("outcome", name="failed", requests=7),
    row("outcome", name="retried", requests=2),
    row(
        "attribute",
        name="promo",
        value="FLAT5 or FREESHIP and instance = shop-1 or shop-2",
        ratio=1.0,
        other_ratio=0.04,
        risk=30.0,
    ),
    row("trace", seen_ts=NOON_NS, level="failed", trace_id="ab" * 16),
    row("log", seen_ts=NOON_NS, level="ERROR", service="pay", value="no answer"),
]
DRAWN = """\
pay charge
  Timeout
  Began in db.connect.
  Seen from outside in shop /checkout (6), nightly (3).
  9 requests, 7 failed, 2 succeeded at a later attempt;
  the last at 2026-01-15 12:00:00 UTC.

What sets its requests apart from others of the route
  100 % of them, 4 % of the others, 30 times:
    promo = FLAT5 or FREESHIP and instance = shop-1 or
    shop-2

Traces, the last first
  2026-01-15 12:00:00  failed     loglens trace ababab…

Logged in its last trace
  12:00:00  ERROR  pay  no answer
"""


def test_an_error_says_where_it_began_and_what_came_of_it() -> None:
    assert ANALYSIS.draw is not None
    assert ANALYSIS.draw(ROWS, 55) == DRAWN


def test_an_error_of_which_few_rows_are_shown_is_headed_by_all() -> None:
    assert ANALYSIS.draw_part is not None
    assert ANALYSIS.draw_part(ROWS, 1, 55) == DRAWN.partition("\n\n")[0] + "\n"
    assert ANALYSIS.draw_part(ROWS, len(ROWS), 55) == DRAWN


def test_of_one_outcome_it_is_all() -> None:
    assert ANALYSIS.draw is not None
    for name, told in (("failed", ", all failed."), ("unknown", ".")):
        rows = [row("error", service="pay", value="Timeout", requests=9), row("outcome", name=name, requests=9)]
        assert ANALYSIS.draw(rows, 80) == f"pay\n  Timeout\n  9 requests{told}\n"


def test_a_burst_says_what_to_ask_next() -> None:
    assert BURSTS.draw is not None
    burst = {**dict.fromkeys(BURSTS.columns), "burst_id": "0e6f02fe8a9b", "kind": "service", "service": "pay"}
    burst |= {"errors": 90, "expected": 1.0, "times": 90.0, "sigma": 9.0, "change": "burst", "stay_ratio": None}
    burst |= {"first_ts": NOON_NS, "last_ts": NOON_NS + 60 * SECOND_NS}
    burst |= {
        "requests": 100,
        "error_ratio": 0.9,
        "onset_low_ts": NOON_NS,
        "onset_high_ts": NOON_NS,
        "exemplar_trace_id": "ab" * 16,
    }
    assert BURSTS.draw([burst], 80).splitlines()[-2:] == [
        "  e.g. loglens trace abababab",
        "  Who felt it: loglens impact --burst 0e6f02fe",
    ]
    without = burst | {"requests": None, "error_ratio": None}
    assert BURSTS.draw([without], 80).splitlines()[-1] == "  e.g. loglens trace abababab"


def test_a_silence_says_whether_others_were_silent_too() -> None:
    assert SILENCE.draw is not None
    silence = {**dict.fromkeys(SILENCE.columns), "kind": "stopped", "service": "pay", "is_over": True, "expected": 30.0}
    silence |= {"first_ts": NOON_NS, "last_ts": NOON_NS + 60 * SECOND_NS, "silent_ms": 60_000.0, "restarted": False}
    for ratio, told in ((0.0, "no other service was silent"), (0.5, "50 % of the other services were silent too")):
        drawn = SILENCE.draw([silence | {"others_ratio": ratio}], 80)
        assert drawn.splitlines()[-1] == f"  Meanwhile {told}."
