"""The front of loglens in Python: a `Lens` on one database, with a method for every analysis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglens.analyses import ALL, BY_NAME
from loglens.analysis import Analysis
from loglens.errors import NotFound, StoreError, UsageError
from loglens.leads import first_of, taken_from
from loglens.nearest import did_you_mean
from loglens.params import accept_all, accept_limit
from loglens.scope import Scope, When
from loglens.settings import Settings, load_settings
from loglens.signature import SCOPING, describe, signature

if TYPE_CHECKING:
    from loglens.acks import Ack
    from loglens.answer import Answer
    from loglens.derivation import Derivation, Progress
    from loglens.result import Result

Asking = Callable[..., "Result"]


class Lens:
    """Questions to one database. Each opens it, asks and closes it, so that `loglens ingest` is never kept waiting.

    `since` (inclusive) and `until` (exclusive) take a date, an RFC 3339 time, a datetime, or a length of time before
    the end of the data such as "2h"; `limit` is the number of rows, 0 for all.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        _refuse_unknown(settings.thresholds)
        self.progress: Progress | None = None

    def sql(self, statement: str, *, limit: int = 0) -> Result:
        """Answer one SELECT over the tables that `schema` lists; nothing can be written."""
        from loglens.result import Result

        with self.asking_sql(statement, limit) as answer:
            return Result(answer)

    @contextmanager
    def asking(self, name: str, given: Mapping[str, Any]) -> Iterator[Answer]:
        """Ask an analysis and give its answer while the database is open, with rows that stream.

        `given` are parameters, since, until, service and limit, by name. Raises UsageError for unknown ones.
        """
        from loglens.ask import ask

        analysis = BY_NAME[name]
        known = [param.name for param in analysis.params] + [*SCOPING, "limit"]
        for word in given:
            if word not in known:
                raise UsageError(f"{name} has no parameter {word!r}. {did_you_mean(word, known)}")
        values = accept_all(analysis, {word: value for word, value in given.items() if word not in (*SCOPING, "limit")})
        scope = Scope(**{word: given[word] for word in SCOPING if word in given})
        limit = _limit(given.get("limit", analysis.limit))
        follow = analysis.follow if analysis.follow and values[analysis.follow.param] else None
        then = BY_NAME[follow.analysis] if follow else None
        origin = analysis.origin if analysis.origin and values[analysis.origin.param] else None
        asked_too = (then, BY_NAME[origin.analysis] if origin else None)
        with self._open_for([analysis, *(each for each in asked_too if each)]) as connection:
            if origin:
                values |= taken_from(connection, origin, values, scope)
            answer = ask(connection, analysis, values, scope, limit)
            if follow and then:
                asked = first_of(answer, follow, values)
                scope = replace(scope, service=asked.pop("service"))
                answer = ask(connection, then, accept_all(then, asked), scope, then.limit)
            yield answer

    @contextmanager
    def asking_sql(self, statement: str, limit: int) -> Iterator[Answer]:
        """Ask a statement and give its answer while the database is open, with rows that stream."""
        from loglens.ask import ask_sql, read_by
        from loglens.deriving import named_in

        with self._open(named_in(statement), read_by(statement)) as connection:
            yield ask_sql(connection, statement, _limit(limit), self.settings)

    def findings(
        self,
        detector: str | None = None,
        *,
        fingerprint: str | None = None,
        thresholds: Mapping[str, Any] | None = None,
        severity: str = "info",
        baseline: str | Path | None = None,
        acked: bool = False,
        since: When = None,
        until: When = None,
        service: str | None = None,
        limit: int = 0,
    ) -> Result:
        """Return what the detectors find, or one of them, the gravest first.

        `fingerprint`, or the beginning of one, gives one finding with its story. `thresholds` sets parameters of
        detectors: `{"slow_route.min_requests": 100}`. `severity` is the least grave. `baseline` is a file of earlier
        findings, which are left out; `acked` takes in those that are acknowledged. Raises UsageError for an unknown
        detector or threshold.
        """
        from loglens.baseline import read_baseline
        from loglens.judging import Search, find, tell
        from loglens.result import Result

        known = frozenset[str]() if baseline is None else read_baseline(Path(baseline))
        scope = Scope(since, until, service)
        search = Search(detector, self._thresholds(thresholds), scope, severity, known, acked)
        with self._open_for(_asked_by(detector, is_told=fingerprint is not None)) as connection:
            if fingerprint is not None:
                return Result(tell(connection, fingerprint, search, time.time_ns()))
            return Result(find(connection, search, time.time_ns()).answer(_limit(limit)))

    def ack(self, fingerprint: str, reason: str, until: str) -> Ack:
        """Acknowledge a finding, by the beginning of its fingerprint, until a day, `90d` from now or `forever`.

        Raises NotFound where nothing found begins so, UsageError for no reason and for a time that has passed.
        """
        from loglens.acks import parse_until, store_ack
        from loglens.judging import Search, find
        from loglens.store.store import open_writer

        if not reason.strip():
            raise UsageError("An acknowledgement needs a reason: whoever reads it later will ask.")
        now_ns = time.time_ns()
        until_ns = parse_until(until, now_ns)
        search = Search(thresholds=self._thresholds(None), acked=True)
        with self._open_for(_asked_by(None)) as reader:
            finding = find(reader, search, now_ns).one(fingerprint)
        with open_writer(self.path) as connection:
            return store_ack(connection, finding, reason, until_ns, now_ns)

    def unack(self, fingerprint: str) -> Ack:
        """Take back an acknowledgement, by the beginning of its fingerprint; raises NotFound where there is none."""
        from loglens.acks import drop_ack
        from loglens.store.store import open_writer

        with open_writer(self.path) as connection:
            return drop_ack(connection, fingerprint)

    def explain_miss(
        self,
        detector: str,
        trace: str,
        *,
        thresholds: Mapping[str, Any] | None = None,
        since: When = None,
        until: When = None,
    ) -> Result:
        """Say of one trace, by the beginning of its id, which gates of a detector are passed and which are not.

        Raises UsageError for an unknown detector, NotFound for an unknown trace.
        """
        from loglens.miss import REQUESTS, explain_miss
        from loglens.result import Result

        with self._open_for(_asked_by(detector, is_told=True), REQUESTS) as connection:
            accepted = self._thresholds(thresholds)
            return Result(explain_miss(connection, detector, trace, accepted, Scope(since, until)))

    def _thresholds(self, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return {**self.settings.thresholds, **(given or {})}

    def _open_for(self, analyses: Sequence[Analysis], *further: str) -> AbstractContextManager[Any]:
        """Open the database for some analyses, further statements, and nothing else."""
        needs = _needs_of(analyses)
        return self._open(needs, [*further, *(statement for each in analyses for statement in each.statements)])

    @contextmanager
    def _open(self, needs: Sequence[Derivation], reading: Sequence[str] | None) -> Iterator[Any]:
        """Open the database for one question; what the question needs and is stale is derived first."""
        import duckdb

        try:
            with self._reader(needs, reading) as connection:
                yield connection
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except RuntimeError as error:
            # What DuckDB says when it meets Ctrl-C between two steps of a query.
            if str(error) == "Query interrupted":
                raise KeyboardInterrupt from error
            raise
        except duckdb.OperationalError as error:
            raise StoreError(f"{self.path}: {str(error).splitlines()[0]}") from error

    @contextmanager
    def _reader(self, needs: Sequence[Derivation], reading: Sequence[str] | None) -> Iterator[Any]:
        from loglens.store.scripts import create_views
        from loglens.store.store import open_reader

        if needs:
            from loglens.deriving import derive, stale

        with open_reader(self.path, reading=()) as connection:
            found = stale(connection, needs) if needs else ()
            if not found:
                create_views(connection, self.settings, reading)
                yield connection
                return
        try:
            derive(self.path, found, progress=self.progress)
        except StoreError as error:
            raise error.__class__(
                f"{error} What was asked has to be derived first, once, and written to it."
            ) from error
        with open_reader(self.path, self.settings, reading=reading) as connection:
            yield connection

    def __getattr__(self, name: str) -> Asking:
        raise AttributeError(f"loglens has no analysis {name!r}. {did_you_mean(name, BY_NAME)}")

    def __repr__(self) -> str:
        return f"loglens.open({str(self.path)!r})"


def open_lens(path: str | Path | None = None) -> Lens:
    """Return a Lens on a database; the default is LOGLENS_DB, the `db` of the settings, or loglens.duckdb.

    Raises NotFound where there is no such file.
    """
    settings = load_settings()
    found = Path(path or settings.db)
    if not found.exists():
        raise NotFound(f"No database at {found}. Make one with `loglens ingest PATH`, or name one with --db.")
    return Lens(found, settings)


def _refuse_unknown(thresholds: Mapping[str, Any]) -> None:
    if not thresholds:
        return
    from loglens.detect import accept_thresholds
    from loglens.detectors import ALL as DETECTORS

    try:
        accept_thresholds(DETECTORS, thresholds)
    except UsageError as error:
        raise UsageError(f"loglens.toml, or [tool.loglens] in pyproject.toml: {error}") from error


def _needs_of(analyses: Iterable[Analysis]) -> tuple[Derivation, ...]:
    """Return what analyses have to have derived; who computes that is imported only where there is any."""
    names = {name for each in analyses for name in each.needs}
    if not names:
        return ()
    from loglens.deriving import needed

    return needed(names)


def _asked_by(detector: str | None, *, is_told: bool = False) -> list[Analysis]:
    """Return the analyses that one detector asks, or all of them, and those that one is told with."""
    from loglens.detectors import ALL as DETECTORS

    chosen = [each for each in DETECTORS if detector in (None, each.name)]
    told = ["trace", *(each.follow.analysis for each in chosen if each.follow)] if is_told else []
    return [*(each.watches for each in chosen), *(BY_NAME[name] for name in told)]


def _limit(value: object) -> int:
    try:
        return accept_limit(value)
    except ValueError as error:
        raise UsageError(f"limit {error}.") from error


def _method(analysis: Analysis) -> Asking:
    names = [name for name in signature(analysis).parameters if name != "self"]

    def method(self: Lens, *positional: Any, **given: Any) -> Result:
        from loglens.result import Result

        if len(positional) > len(analysis.params):
            raise UsageError(f"{analysis.name} takes {', '.join(names)}; since, until, service and limit by name.")
        taken = dict(zip(names, positional, strict=False))
        for name in taken.keys() & given.keys():
            raise UsageError(f"{analysis.name} got {name} twice.")
        with self.asking(analysis.name, taken | given) as answer:
            return Result(answer)

    method.__name__ = method.__qualname__ = analysis.name
    method.__qualname__ = f"Lens.{analysis.name}"
    method.__doc__ = describe(analysis)
    method.__signature__ = signature(analysis)  # type: ignore[attr-defined]
    return method


for _analysis in ALL:
    setattr(Lens, _analysis.name, _method(_analysis))
