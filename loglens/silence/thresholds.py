"""What makes a silence."""

from __future__ import annotations

from loglens.analysis import Param

SIGMA = Param(
    "sigma",
    5.4,
    "How far nothing at all lies below what was expected.",
    reason="Of independent events 15 that do not come reach it; the table of bursts says how seldom chance does.",
)
MIN_EXPECTED = Param(
    "min_expected",
    14.5,
    "Leave out silences in which fewer events than this were expected.",
    reason="Fifteen that all stay out by chance are one in three million: at five a minute 1.5 in a hundred weeks.",
)
MIN_SILENT_MS = Param(
    "min_silent_ms",
    60_000.0,
    "Leave out silences shorter than this.",
    reason="A minute is what a restart may take.",
)
MIN_BEATS = Param(
    "min_beats",
    20,
    "What came at equal intervals this often is a heartbeat.",
    reason="Fewer intervals may be alike by chance.",
)

# What wrote no more than this share of its usual records meanwhile may be down.
MAX_RECORDED_RATIO = 0.2

THRESHOLDS = (SIGMA, MIN_EXPECTED, MIN_SILENT_MS, MIN_BEATS)
