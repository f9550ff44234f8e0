"""The bulk loop against a server that answers as it is told: what is sent again, what is refused, and when it stops."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from elastic_transport import ConnectionTimeout

from loglens.push.bulk import FIRST_WAIT_S, HOPELESS, Bulk
from loglens.push.bulk_answer import CLEAN, count_clean
from loglens.push.items import Items
from loglens.push.refusals import Refusal
from loglens.push.server import PushError, Server

# What a server says of an item, from its id and how often it has seen it.
Says = Callable[[int, int], dict[str, Any]]
CREATED: dict[str, Any] = {"status": 201}
BUSY: dict[str, Any] = {"status": 429, "error": {"reason": "queue is full"}}


@dataclass
class Told:
    """A client whose server answers as `says` says, once `problems` are over."""

    says: Says
    problems: list[Exception] = field(default_factory=list)
    largest: int = 1 << 40
    paths: list[str] = field(default_factory=list)
    bodies: list[list[int]] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)

    def request(self, _method: str, path: str, body: memoryview, kind: str) -> bytes:
        assert kind == "application/x-ndjson"
        lines = bytes(body).splitlines()
        ids = [json.loads(line)["create"]["_id"] for line in lines[::2]]
        self.paths.append(path)
        self.bodies.append(ids)
        if len(body) > self.largest:
            raise refused(413)
        if self.problems:
            raise self.problems.pop(0)
        results = []
        for each in ids:
            self.seen[each] = self.seen.get(each, 0) + 1
            results.append({"create": self.says(each, self.seen[each])})
        return json.dumps({"errors": True, "items": results}).encode()


def refused(status: int) -> Refusal:
    return Refusal(status, {"error": "no"})


def items(number: int) -> Items:
    return Items.of([b'{"create":{"_index":"i","_id":%d}}\n{"n":%d}\n' % (each, each) for each in range(number)])


@contextmanager
def bulk(client: Told, product: str = "elasticsearch", version: tuple[int, ...] = (9, 2, 4)) -> Iterator[Bulk]:
    waited: list[float] = []
    server = Server(client, "http://host:9200", product, version)  # type: ignore[arg-type]
    made = Bulk(server, budget_s=10, sleep=waited.append)
    try:
        yield made
    finally:
        made.close()
    # Two workers have the patience of ten seconds each, and one more wait was begun.
    assert sum(waited) <= 2 * 10


def test_only_what_was_busy_is_sent_again() -> None:
    client = Told(lambda each, times: BUSY if each % 3 == 0 and times < 3 else CREATED)
    with bulk(client) as sender:
        delivery = sender.send(items(10))
    assert client.bodies == [list(range(10)), [0, 3, 6, 9], [0, 3, 6, 9]]
    assert (delivery.created, delivery.retries, delivery.refused) == (10, 8, [])


def test_what_became_of_each_item() -> None:
    """New, known already, refused, and set aside in a failure store, which is no success."""
    answers: list[dict[str, Any]] = [
        CREATED,
        {"status": 409, "error": {"reason": "version conflict"}},
        {"status": 400, "error": {"reason": "failed to parse"}},
        {"status": 201, "failure_store": "used"},
        {"status": 200},
    ]
    with bulk(Told(lambda each, _: answers[each])) as sender:
        delivery = sender.send(items(5))
    assert (delivery.created, delivery.updated, delivery.duplicates) == (1, 1, 1)
    found = [(each.status, each.reason, each.item.splitlines()[1]) for each in delivery.refused]
    assert found == [
        (400, "failed to parse.", b'{"n":2}'),
        (201, "set aside in the failure store of the data stream.", b'{"n":3}'),
    ]


def test_what_became_is_told_of_each_owner() -> None:
    """Of items in one request, also where a part of them is sent again."""
    answers: list[dict[str, Any]] = [CREATED, {"status": 200}, {"status": 409}, CREATED, {"status": 400}]
    client = Told(lambda each, times: BUSY if each == 3 and times < 3 else answers[each])
    owned = Items.of(list(items(5)), ["a", "a", "b", "b", "b"])
    with bulk(client) as sender:
        delivery = sender.send(owned)
    assert client.bodies == [[0, 1, 2, 3, 4], [3], [3]]
    assert delivery.told == {
        ("a", "created"): 1,
        ("a", "updated"): 1,
        ("b", "duplicates"): 1,
        ("b", "created"): 1,
        ("b", "retries"): 2,
    }


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (b'{"create":{"status":201}},{"create":{"status":201}},{"index":{"status":200}}', (2, 1)),
        (b'{"index":{"status":201}},{"delete":{"status":200}},{"index":{"status":200}}', (1, 2)),
        (b'{"create":{"status":201}},{"create":{"status":201}}', None),
        (b'{"create":{"status":201}},{"delete":{"status":404}},{"index":{"status":200}}', None),
        (b'{"create":{"status":201,"failure_store":"used"}},{"create":{"status":201}},{"index":{"status":200}}', None),
        (b'{"create":{"status":201}},{"create":{"status":201}},{"index":{"status":200}},{}', None),
        (b'{"create":{"status":201}}, {"create":{"status":201}}, {"index":{"status":200}}', None),
    ],
)
def test_an_answer_without_errors_is_counted(answer: bytes, counts: tuple[int, int] | None) -> None:
    """Only where it says what became of three items, and nothing else."""
    assert count_clean(CLEAN + answer + b"]}", 3) == counts


@pytest.mark.parametrize(
    ("answer", "became"),
    [
        (b'{"create":{"status":201}},{"create":{"status":201}}]}', (2, 0, 0, 0)),
        (b'{"index":{"status":200}},{"delete":{"status":404}}]}', (0, 2, 0, 0)),
        (b'{"create":{"status":201,"failure_store":"used"}},{"create":{"status":201}}]}', (1, 0, 1, 0)),
        (b'{"create":{"status":201}}]}', (2, 0, 0, 2)),
        (b'{"create":{"status":201}},{"cre', (2, 0, 0, 2)),
    ],
)
def test_what_an_answer_without_errors_says(answer: bytes, became: tuple[int, ...]) -> None:
    """It is counted, or read where it is another; of one that is no JSON or for other items all is sent again."""
    answers = [CLEAN + answer, CLEAN + b'{"create":{"status":201}},{"create":{"status":201}}]}']
    client = Told(lambda *_: CREATED)
    client.request = lambda *_, **__: answers.pop(0)  # type: ignore[method-assign]
    with bulk(client) as sender:
        made = sender.send(items(2))
    assert (made.created, made.updated, len(made.refused), made.retries) == became


def test_no_answer_in_time_is_asked_for_with_the_same_items() -> None:
    client = Told(lambda _, times: CREATED, [ConnectionTimeout("late"), refused(503), refused(429)])
    with bulk(client) as sender:
        delivery = sender.send(items(3))
    assert client.bodies == [[0, 1, 2]] * 4
    assert (delivery.created, delivery.retries) == (3, 9)


def test_too_large_a_request_is_halved() -> None:
    """Down to the one item that is too large by itself."""
    whole = Items.of([*items(3), b'{"create":{"_index":"i","_id":3}}\n{"n":"%s"}\n' % (b"x" * 500)])
    client = Told(lambda _, times: CREATED, largest=200)
    with bulk(client) as sender:
        delivery = sender.send(whole)
    assert client.bodies == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]
    assert (delivery.created, [each.status for each in delivery.refused]) == (3, [413])


def test_a_busy_server_is_sent_less_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it for each time it is busy, and more again once it takes some."""
    monkeypatch.setattr("loglens.push.bulk.SMALLEST_CHUNK_BYTES", 1)
    client = Told(lambda _, times: CREATED, [refused(429), refused(429)])
    with bulk(client) as sender:
        delivery = sender.send(items(8))
    assert client.bodies == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [0, 1], [2, 3], [4, 5, 6], [7]]
    assert (delivery.created, delivery.retries) == (8, 12)


def test_where_everything_is_refused_the_rest_is_not_sent() -> None:
    """The three commonest reasons are named."""
    reasons = ["a"] * 6 + ["b"] * 3 + ["c"] * 2 + ["d"]
    client = Told(lambda each, _: {"status": 400, "error": {"reason": reasons[each % 12]}})
    with bulk(client) as sender, pytest.raises(PushError) as stopped:
        sender.send(items(HOPELESS + 200))
    half, quarter = (HOPELESS + 200) // 2, (HOPELESS + 200) // 4
    assert f"refuses everything. {half} times: a. (400) {quarter} times: b. (400) 200 times: c. (400)" in str(
        stopped.value
    )


def test_what_is_taken_gives_new_patience() -> None:
    """A server that takes one item of a request each time is waited for as if it were the first time, to the end."""
    client = Told(lambda each, times: CREATED if times > each else BUSY)
    waited: list[float] = []
    sender = Bulk(Server(client, "http://host", "elasticsearch", (9, 2, 4)), budget_s=10, sleep=waited.append)  # type: ignore[arg-type]
    made = sender.send(items(400))
    sender.close()
    assert (made.created, made.retries) == (400, 400 * 399 // 2)
    assert sum(waited) > 2 * 10
    assert max(waited) <= 2 * FIRST_WAIT_S


def test_patience_ends() -> None:
    """What the server said last is told."""
    with (
        bulk(Told(lambda each, times: BUSY)) as sender,
        pytest.raises(PushError, match=r"429 .* queue is full.* again"),
    ):
        sender.send(items(2))


def test_a_wrong_right_is_told_at_once() -> None:
    client = Told(lambda _, times: CREATED, [refused(403)])
    with bulk(client) as sender, pytest.raises(PushError, match=r"does not allow this \(403\)"):
        sender.send(items(2))
    assert len(client.bodies) == 1


@pytest.mark.parametrize(
    ("product", "version", "is_said"),
    [
        ("elasticsearch", (9, 2, 4), True),
        ("elasticsearch", (8, 18, 0), True),
        ("elasticsearch", (8, 17, 4), False),
        ("opensearch", (3, 8, 0), False),
    ],
)
def test_no_server_repeats_a_document_in_its_errors(product: str, version: tuple[int, ...], is_said: bool) -> None:
    client = Told(lambda _, times: CREATED)
    with bulk(client, product, version) as sender:
        sender.send(items(1))
    assert ("include_source_on_error=false" in client.paths[0]) == is_said
