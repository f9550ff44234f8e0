"""JSON logs, one record a line or several in a document, whatever framework wrote each of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from loglens.ingest.durations import UNIT_NAMES
from loglens.ingest.formats.json_fields import INSTANT, KINDS, find
from loglens.ingest.formats.json_wrappers import opened
from loglens.ingest.reader import Ask, Format, Reading, Sample
from loglens.ingest.vectors import VECTOR_ROWS, in_vectors

if TYPE_CHECKING:
    import pyarrow as pa

    from loglens.ingest.formats.json_cutting import Cutter
    from loglens.ingest.formats.json_pieces import JudgedPieces
    from loglens.ingest.formats.json_profile import Layout, Profile
    from loglens.ingest.formats.json_wrappers import Wrapper

# How much of a file is looked at closely before it is read, and how many of its layouts get a way of their own.
SURVEYED_LINES = 4096
SURVEYED_LAYOUTS = 16
# How many lines a file has at least whose records are cut.
WORTH_CUTTING = 250
# How deep records lie within records.
MOST_ENVELOPES = 3


def sniff(sample: Sample) -> float:
    """Return how sure it is that the sample holds JSON logs: records with fields of at least two kinds."""
    records = [opened(value) for value in sample.values if isinstance(value, dict)]
    known = [record for record in records if _is_log(record)]
    if not records or 2 * len(known) < len(records):
        return 0.0
    return 0.5 + 0.4 * len(known) / len(records)


def _is_log(record: Mapping[str, object]) -> bool:
    kinds = {kind for kind in KINDS if not isinstance(find(record, kind), dict | None)}
    if not str(find(record, "status_code")).isdigit():
        kinds.discard("status_code")
    if isinstance(record.get(INSTANT), dict):
        kinds.add("time")
    is_request = "status_code" in kinds and not kinds.isdisjoint({"duration", "path"})
    says_something = "message" in kinds or "level" in kinds or is_request
    return len(kinds) >= 2 and says_something


def read(reading: Reading) -> None:
    """Read JSON log records into `logs`, and what is broken into `rejects`."""
    from loglens.ingest.formats.json_pieces import SCHEMA, JudgedPieces
    from loglens.ingest.formats.json_statement import insert_statement

    pieces = JudgedPieces(reading.pieces)
    first = pieces.peek()
    if first is None:
        return
    profile = _survey(reading, partial(reading.ask, batch=first.slice(0, SURVEYED_LINES)))
    cutter = _learn(reading, profile, first)
    if cutter is None:
        inserted = reading.insert(insert_statement(profile), SCHEMA, pieces, _binds(reading, profile))
    else:
        inserted = _insert_cut(reading, profile, pieces, cutter)
    settled = _settle(reading, pieces.first_line)
    counts = reading.counts
    counts.records += inserted - settled.rejects
    counts.record_lines += pieces.lines - settled.reject_lines
    counts.untimed += settled.untimed


def _learn(reading: Reading, profile: Profile, first: pa.RecordBatch) -> Cutter | None:
    """Return what cuts the records of a file, None where there are few, or few that are alike."""
    from loglens.ingest.formats.json_cutting import learn
    from loglens.ingest.formats.json_pieces import Judged
    from loglens.ingest.formats.json_survey import sample_statement

    if first.num_rows < WORTH_CUTTING or profile.opens or not profile.can_have_layouts or not profile.places:
        return None
    some = Judged.of(first.slice(0, SURVEYED_LINES))
    found = reading.ask(sample_statement(profile), some.batch(), _unit_bind(reading, profile))
    return learn(some, profile, [None if taken is None else tuple(taken) for (taken,) in found])


def _insert_cut(reading: Reading, profile: Profile, pieces: JudgedPieces, cutter: Cutter) -> int:
    """Insert the records that can be cut, and after them the others; return the number of rows."""
    from loglens.ingest.formats.json_cut_statement import cut_insert_statement
    from loglens.ingest.formats.json_cutting import Parted
    from loglens.ingest.formats.json_pieces import SCHEMA
    from loglens.ingest.formats.json_statement import insert_statement
    from loglens.ingest.spool import Spool

    binds = _binds(reading, profile)
    with Spool(SCHEMA) as aside:
        parted = Parted(pieces, cutter, aside)
        inserted = reading.insert(cut_insert_statement(profile, cutter), cutter.schema, parted, binds)
        if aside.rows:
            inserted += reading.insert(insert_statement(profile), SCHEMA, aside.read(), binds)
    return inserted


def _binds(reading: Reading, profile: Profile) -> dict[str, str | int | None]:
    binds: dict[str, str | int | None] = {"source_id": reading.source_id, "fallback": reading.fallback_service}
    return binds | _unit_bind(reading, profile)


def _unit_bind(reading: Reading, profile: Profile) -> dict[str, str | int | None]:
    from loglens.ingest.formats.json_columns import is_bare

    return {"unit": reading.options.duration_unit} if any(map(is_bare, profile.places)) else {}


def _survey(reading: Reading, ask: Ask) -> Profile:
    """Look at the pieces that `ask` asks: note what is assumed about them, and return their profile."""
    from loglens.ingest.formats.json_survey import survey_statement

    profile = replace(_opened_profile(ask), zone=reading.zone)
    rows = [Surveyed(*row) for row in ask(survey_statement(profile), values=_unit_bind(reading, profile))]
    _note_assumptions(reading, profile, rows)
    if not profile.can_have_layouts:
        return profile
    return replace(profile, layouts=_layouts(profile, rows))


def _opened_profile(ask: Ask) -> Profile:
    """Return the profile of the pieces that `ask` asks, opening what is wrapped as often as something is within."""
    from loglens.ingest.formats.json_profile import Profile
    from loglens.ingest.formats.json_wrappers import keys_statement, wrappers_among

    def look(opens: tuple[tuple[Wrapper, ...], ...]) -> list[tuple[str, bool, bool]]:
        return ask(keys_statement(opens))

    opens: tuple[tuple[Wrapper, ...], ...] = ()
    rows = look(opens)
    while len(opens) < MOST_ENVELOPES and (wrappers := wrappers_among(key for key, _, _ in rows)):
        found = look((*opens, wrappers))
        # Nothing within that far may still come where the outermost envelopes are.
        if opens and not any(was_opened for _, _, was_opened in found):
            break
        opens, rows = (*opens, wrappers), found
    return Profile.of_keys((key for key, _, _ in rows), {key for key, is_object, _ in rows if is_object}, opens)


class Surveyed(NamedTuple):
    """Lines with something in common; see survey_statement."""

    layout: str | None
    keys: list[list[str] | None] | None
    places: list[int]
    lines: int
    lacks_zone: bool
    lacks_service: bool
    bare: int
    unit: str | None


def _layouts(profile: Profile, rows: list[Surveyed]) -> tuple[Layout, ...]:
    """Return the most frequent layouts, each with the patch that takes its known values out."""
    from loglens.ingest.formats.json_patch import merge_patch, parents, plain_rest
    from loglens.ingest.formats.json_profile import Layout

    nodes = parents(profile.places)
    places = {number: place for place, number in profile.numbers.items()}
    found: Counter[Layout] = Counter()
    for row in rows:
        if row.layout is not None and row.keys is not None:
            keys = {node: names or [] for node, names in zip(nodes, row.keys[1:], strict=True)}
            patch = merge_patch([places[number] for number in row.places], keys)
            own = row.keys[0] or []
            rest = plain_rest(patch, own)
            last = own[-1] if rest and list(rest) == own[-1:] else None
            found[Layout(row.layout, tuple(row.places), patch, rest, last)] += row.lines
    return tuple(layout for layout, _ in found.most_common(SURVEYED_LAYOUTS))


def _note_assumptions(reading: Reading, profile: Profile, rows: list[Surveyed]) -> None:
    if any(row.lacks_zone for row in rows):
        reading.assume("times without a zone", "UTC")
    if any(row.lacks_service for row in rows):
        reading.assume("service", f"{reading.fallback_service}, from the file's name, where a record names none")
    keys = {number: place.key for place, number in profile.numbers.items()}
    units: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.unit is not None:
            units[keys[row.bare]].add(UNIT_NAMES[row.unit])
    for key in sorted(units):
        reading.assume(f"unit of {key}", " or ".join(sorted(units[key])) + ", by the habit of the framework")


class Settled(NamedTuple):
    """What became of the marked rows, and how many of the others have no time."""

    rejects: int
    reject_lines: int
    untimed: int


def _settle(reading: Reading, first_line: int) -> Settled:
    """Read again what was set aside, and move the rows of broken pieces from `logs` to `rejects`."""
    from loglens.ingest.formats.json_statement import ASIDE, REJECTED

    values = [reading.source_id, first_line]
    where = "FROM logs WHERE source_id = ? AND line >= ?"
    execute = reading.connection.execute
    ((aside,),) = execute(f"SELECT count(*) {where} AND severity_number <= {ASIDE}", values).fetchall()
    if aside:
        _read_aside(reading, f"{where} AND severity_number <= {ASIDE}", values)
        # They were handed over before.
        reading.counts.passed -= int(aside)
    marked = f"severity_number = {REJECTED}"
    (counted,) = execute(
        f"SELECT count(*) FILTER ({marked}), coalesce(sum(duration_ns) FILTER ({marked}), 0), "
        f"count(*) FILTER (ts_ns IS NULL AND severity_number IS DISTINCT FROM {REJECTED}) {where}",
        values,
    ).fetchall()
    settled = Settled(*map(int, counted))
    if settled.rejects:
        execute(f"INSERT INTO rejects SELECT source_id, line, duration_ns, message, raw {where} AND {marked}", values)
        execute(f"DELETE {where} AND {marked}", values)
    return settled


def _read_aside(reading: Reading, where: str, values: list[int]) -> None:
    """Read lines with keys the beginning of the file has not, with a profile that has them all."""
    from loglens.ingest.formats.json_marks import OBJECT
    from loglens.ingest.formats.json_pieces import SCHEMA
    from loglens.ingest.formats.json_statement import ASIDE_INEXACT, insert_statement
    from loglens.ingest.spool import Spool

    connection = reading.connection
    marked = connection.sql(
        f"SELECT line, ordinal, duration_ns::INTEGER AS lines, raw AS text, {OBJECT}::TINYINT AS kind, "
        f"NULL::VARCHAR AS fault, severity_number = {ASIDE_INEXACT} AS is_inexact {where}",
        params=values,
    )
    with Spool(SCHEMA) as aside:
        for batch in marked.to_arrow_reader(VECTOR_ROWS):
            for part in in_vectors(batch):
                aside.add(part)
        connection.execute(f"DELETE {where}", values)

        def ask(statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
            connection.register("input", aside.read())
            rows = connection.execute(statement, values or {}).fetchall()
            connection.unregister("input")
            return rows

        profile = _survey(reading, ask)
        reading.insert(insert_statement(profile), SCHEMA, aside.read(), _binds(reading, profile))


FORMAT = Format(
    name="ndjson",
    title="JSON logs",
    marks="JSON objects, of which at least half have keys of a time, a level, a message and the like",
    example='{"time":"2026-01-15T09:00:00Z","level":"info","service":"llm-api","message":"started","port":8080}\n',
    sniff=sniff,
    read=read,
    longest_line_bytes=16 << 20,
)
