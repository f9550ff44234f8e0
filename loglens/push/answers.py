"""Pushing the rows of answers: those that have changed go to their indices together, and are counted together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loglens.push import ledger, mapping, results
from loglens.push.bulk import Bulk, Delivery
from loglens.push.items import Items
from loglens.push.names import Names
from loglens.push.reader import Store
from loglens.push.report import Line, PushProgress
from loglens.push.server import WHOLE, Server

if TYPE_CHECKING:
    from loglens.answer import Answer

# What is gathered before it is sent: an index costs a server most when it comes alone.
BATCH_BYTES = 24 << 20
WHAT = "answers"


@dataclass
class Asked:
    """An answer as documents: what becomes of them, those to send, and those that were taken with their digests."""

    line: Line
    template: Mapping[str, mapping.Template]
    made: list[results.Document]
    changed: list[results.Document] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)


class AnswerPush:
    """One push of answers to one server."""

    def __init__(
        self, store: Store, server: Server, bulk: Bulk, names: Names, window: results.Window, run: results.Run
    ) -> None:
        self._store = store
        self._server = server
        self._bulk = bulk
        self._names = names
        self._window = window
        self._run = run
        self._target = names.target(server.url)

    def run(self, answers: Iterable[tuple[str, Answer]], progress: PushProgress) -> tuple[list[Line], Delivery]:
        """Push what has changed, count what the server has of it, and return what became of each and of all."""
        whole = Delivery()
        lines: list[Line] = []
        sent: list[Asked] = []
        for batch in self._batches(answers, progress):
            lines += [asked.line for asked in batch]
            whole.add(self._send(batch, progress))
            for asked in batch:
                asked.made = asked.changed = []
            sent += [asked for asked in batch if asked.taken]
        held = self._held([asked.line.index for asked in sent], self._run.id) if sent else {}
        for asked in sent:
            asked.line.missing = max(0, len(asked.taken) - held[asked.line.index])
        for line in lines:
            line.end()
        return lines, whole

    def _batches(self, answers: Iterable[tuple[str, Answer]], progress: PushProgress) -> Iterator[list[Asked]]:
        progress.start(WHAT, 0)
        batch: list[Asked] = []
        for name, answer in answers:
            index = self._names.results(name)
            made = list(results.documents(name, answer, index, self._window, self._run))
            template = results.template(name, answer, self._names, self._server.product)
            batch.append(Asked(Line(name, index, documents=len(made)), template, made))
            if sum(len(document.item) for asked in batch for document in asked.made) >= BATCH_BYTES:
                yield batch
                batch = []
        if batch:
            yield batch

    def _send(self, batch: Sequence[Asked], progress: PushProgress) -> Delivery:
        templates = {name: template for asked in batch for name, template in asked.template.items()}
        mapping.install(self._server, templates)
        known = self._known([asked.line.index for asked in batch])
        for asked in batch:
            digests = known[asked.line.index]
            asked.changed = [each for each in asked.made if digests.get(each.id) != each.digest]
            asked.line.sent = len(asked.changed)
            asked.line.unchanged = len(asked.made) - len(asked.changed)
        self._begin(batch, known)
        wanted = [(asked.line.index, document) for asked in batch for document in asked.changed]
        if not wanted:
            return Delivery()
        progress.start(WHAT, len(wanted))
        items = Items.of([document.item for _, document in wanted], [index for index, _ in wanted])
        delivery = self._bulk.send(items)
        self._settle(batch, delivery)
        progress.advance(len(wanted), delivery.retries, len(delivery.refused))
        return delivery

    def _known(self, indices: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the digests of what was sent, without those of indices that have less than that."""
        with self._store.read() as connection:
            known = ledger.load_digests(connection, self._target, indices)
        sent = [index for index, digests in known.items() if digests]
        held = self._held(sent) if sent else {}
        lost = [index for index in sent if held[index] < len(known[index])]
        if lost:
            with self._store.write() as connection:
                ledger.forget_digests(connection, self._target, lost)
        return known | {index: {} for index in lost}

    def _begin(self, batch: Sequence[Asked], known: Mapping[str, Mapping[str, str]]) -> None:
        """Forget what is replaced: stopped before it is settled, nobody knows what the server has of it."""
        changed = ((asked.line.index, each.id) for asked in batch for each in asked.changed)
        replaced = [(index, document_id) for index, document_id in changed if document_id in known[index]]
        if replaced:
            with self._store.write() as connection:
                ledger.drop_digests(connection, self._target, replaced)

    def _settle(self, batch: Sequence[Asked], delivery: Delivery) -> None:
        """Write what was taken and what was refused into the ledger, and tell of each answer."""
        places = [ledger.place(each.item) for each in delivery.refused]
        refused, numbers = set(places), Counter(index for index, _ in places)
        sent = [asked for asked in batch if asked.changed]
        for asked in sent:
            line = asked.line
            asked.taken = {each.id: each.digest for each in asked.changed if (line.index, each.id) not in refused}
            line.refused = numbers[line.index]
            for outcome in ("created", "updated", "duplicates", "retries"):
                setattr(line, outcome, delivery.told[line.index, outcome])
        with self._store.write() as connection:
            connection.execute("BEGIN")
            taken = ((asked.line.index, *each) for asked in sent for each in asked.taken.items())
            ledger.save_digests(connection, self._target, taken)
            ledger.drop_refused_rows(connection, self._target, [asked.line.index for asked in sent])
            ledger.save_refused(connection, self._target, delivery.refused, is_event=False)
            connection.execute("COMMIT")

    def _held(self, indices: Sequence[str], run_id: str | None = None) -> dict[str, int]:
        """Return how many documents each index has, all or those of one run, once it has made them searchable."""
        path, quiet = f"/{self._names.results('*')}", "ignore_unavailable=true&allow_no_indices=true"
        self._server.call("POST", f"{path}/_refresh?{quiet}", missing={})
        filters = {index: {"term": {"_index": index}} for index in indices}
        body: dict[str, Any] = {"size": 0, "aggs": {"indices": {"filters": {"filters": filters}}}}
        if run_id:
            body["query"] = {"term": {"loglens.run": run_id}}
        found = self._server.call("POST", f"{path}/_search?{quiet}&{WHOLE}", body, missing={})
        buckets = found.get("aggregations", {}).get("indices", {}).get("buckets", {})
        return {index: buckets.get(index, {}).get("doc_count", 0) for index in indices}
