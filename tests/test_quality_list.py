"""The drawing of what is wrong with traces, and that every problem has its words."""

from __future__ import annotations

import re
from typing import Any

from loglens.quality_list import BLINDS, draw, judged
from loglens.trace_problems import PROBLEMS


def problem(service: str | None, name: str, affected: int, concerned: int, detail: str | None = None) -> dict[str, Any]:
    return {
        "service": service,
        "problem": name,
        "affected": affected,
        "concerned": concerned,
        "affected_ratio": affected / concerned,
        "detail": detail,
        "exemplar_trace_id": "ab" * 16,
    }


def test_every_problem_says_what_it_blinds() -> None:
    named = set(re.findall(r"'([^']+)'\s+AS problem", PROBLEMS))
    assert named == set(BLINDS)


def test_the_drawing_names_the_services_of_each_problem() -> None:
    rows = [problem(f"s{number}", "missing parents", 7 - number, 10) for number in range(7)]
    rows += [problem(None, "no request spans", 1200, 1200, "CLIENT"), problem("b", "no request spans", 1, 2, "CLIENT")]
    rows += [problem("log-only", "records without spans", 5, 10)]
    assert draw(judged(rows), 60).splitlines() == [
        "no request spans",
        "  It has no row in slow, why and critical-path, and no N+1",
        "  is looked for: nothing says where a request begins.",
        "    (no service): 1,200 of 1,200 spans (100 %); CLIENT; e.g.",
        "    loglens trace abababab",
        "    b: 1 of 2 spans (50 %); e.g. loglens trace abababab",
        "",
        "records without spans",
        "  Traces have a hole here: its time counts as that of its",
        "  callers.",
        "    log-only: 5 of 10 log records (50 %); e.g. loglens trace",
        "    abababab",
        "",
        "missing parents",
        "  Traces fall apart here: what they cost is missing in the",
        "  critical paths of their callers.",
        "    s0: 7 of 10 spans (70 %); e.g. loglens trace abababab",
        "    s1: 6 of 10 spans (60 %); e.g. loglens trace abababab",
        "    s2: 5 of 10 spans (50 %); e.g. loglens trace abababab",
        "    s3: 4 of 10 spans (40 %); e.g. loglens trace abababab",
        "    s4: 3 of 10 spans (30 %); e.g. loglens trace abababab",
        "    and 2 more services with 3 in all",
    ]


def test_nothing_wrong_is_said() -> None:
    assert draw([], 80) == "Nothing is wrong with the traces.\n"
