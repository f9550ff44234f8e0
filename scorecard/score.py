"""Comparing what was found with what was planted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from scorecard.runs import Found, Planted, Run


@dataclass
class Tally:
    """How often something was planted, found, and accused wrongly."""

    planted: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float | None:
        """The share of what was planted that was found."""
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """The share of the findings that name something planted."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


@dataclass(frozen=True)
class Complaint:
    """What was missed, or found though it was not planted: by which detector, where, and what was said."""

    detector: str
    kind: str
    where: str
    said: str


@dataclass
class Score:
    """The figures of all runs."""

    detectors: dict[str, Tally]
    kinds: dict[str, Tally] = field(default_factory=dict)
    missed: Counter[Complaint] = field(default_factory=Counter)
    wrong: Counter[Complaint] = field(default_factory=Counter)
    unwatched: set[str] = field(default_factory=set)
    seeds: dict[Complaint, int] = field(default_factory=dict)
    runs: int = 0


def scored(runs: Iterable[Run], detectors: Iterable[str]) -> Score:
    """Return the score of these detectors; what only others could find is left out of the figures."""
    score = Score({name: Tally() for name in detectors})
    for run in runs:
        score.runs += 1
        for planted in run.planted:
            score.kinds.setdefault(planted.kind, Tally())
        _recall(score, run)
        _precision(score, run)
    return score


def _recall(score: Score, run: Run) -> None:
    for planted in run.planted:
        kind = score.kinds[planted.kind]
        for any_of in planted.findings:
            known = [name for name in any_of if name in score.detectors]
            if not known:
                score.unwatched.update(any_of)
                continue
            is_found = any(found.detector in known and is_about(found, planted) for found in run.found)
            for tally in (kind, score.detectors[known[0]]):
                tally.planted += 1
                tally.found += is_found
            if not is_found:
                _note(score, score.missed, run, Complaint(" or ".join(known), planted.kind, planted.route, ""))


def _precision(score: Score, run: Run) -> None:
    named: set[tuple[str, str]] = set()
    for found in run.found:
        about = [planted for planted in run.planted if is_about(found, planted)]
        right = [planted for planted in about if _may_say(found, planted)]
        if right:
            # Two findings of one fault by the same detector are one right answer, told twice.
            named.update((found.detector, planted.kind) for planted in right)
            continue
        score.detectors[found.detector].wrong += 1
        kind = about[0].kind if about else "nothing"
        for planted in about:
            score.kinds[planted.kind].wrong += 1
        where = f"{found.service} {found.route or found.subject}"
        _note(score, score.wrong, run, Complaint(found.detector, kind, where, found.subject))
    for detector, kind in named:
        score.detectors[detector].right += 1
        score.kinds[kind].right += 1


def _note(score: Score, complaints: Counter[Complaint], run: Run, complaint: Complaint) -> None:
    complaints[complaint] += 1
    score.seeds.setdefault(complaint, run.seed)


def _may_say(found: Found, planted: Planted) -> bool:
    return any(found.detector in any_of for any_of in planted.findings)


def is_about(found: Found, planted: Planted) -> bool:
    """Say whether a finding is about the service and the route of a fault, however the route is spelled.

    A route may have its method before it, and what stands for a value may have any name. Where a fault reaches a
    whole service, a finding of its own kind may be about any route of it.
    """
    if found.service in planted.reach and _may_say(found, planted):
        return True
    routes = {_anonymous(planted.route), _anonymous(planted.route.partition(" ")[2])}
    return found.service == planted.service and _anonymous(found.route or found.subject) in routes


def _anonymous(route: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", route)
