"""The SQL statements of the platform: what each costs, and how a fault can slow it down or break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class Failure(Exception):
    """An answer that is not a success: the HTTP status and the exception behind it."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


def _unchanged(_now_ns: int) -> float:
    return 1.0


def _works(_now_ns: int) -> Failure | None:
    return None


@dataclass
class Query:
    """One statement; a fault replaces `factor` (of the cost, by time) or `failure` (by time), and names itself."""

    text: str
    median_ms: float
    spread: float = 0.35
    factor: Callable[[int], float] = _unchanged
    failure: Callable[[int], Failure | None] = _works
    fault: str | None = None

    @property
    def operation(self) -> str:
        """The first word: SELECT, INSERT, UPDATE."""
        return self.text.split(" ", 1)[0]

    @property
    def table(self) -> str:
        """The table it reads or writes."""
        words = self.text.split(" ")
        return words[words.index("FROM") + 1] if "FROM" in words else words[2 if words[0] == "INSERT" else 1]


def all_queries() -> dict[str, Query]:
    """Return the statements of the platform by name, healthy."""
    return {
        "conversation": Query("SELECT id, title, model FROM conversations WHERE id = $1", 3.2),
        "new_conversation": Query("INSERT INTO conversations (id, user_id, title) VALUES ($1, $2, $3)", 4.1),
        "history": Query("SELECT role, content FROM messages WHERE conversation_id = $1 ORDER BY created_at", 5.5),
        "new_message": Query("INSERT INTO messages (id, conversation_id, role, content) VALUES ($1, $2, $3, $4)", 4.4),
        "search": Query(
            "SELECT id, content FROM messages WHERE role = $1 AND created_at > $2 ORDER BY created_at DESC LIMIT 50",
            14.0,
        ),
        "page": Query("SELECT id, role, content FROM messages WHERE conversation_id = $1 LIMIT 50", 6.0),
        "attachments": Query("SELECT id, name, bytes FROM attachments WHERE message_id = ANY($1)", 5.2),
        "attachment": Query("SELECT id, name, bytes FROM attachments WHERE message_id = $1", 2.9),
        "response": Query("SELECT id, status, output FROM responses WHERE id = $1", 3.6),
        "new_response": Query("INSERT INTO responses (id, user_id, status, output) VALUES ($1, $2, $3, $4)", 5.1),
        "media": Query("SELECT id, bucket, key, mime FROM media WHERE id = $1", 2.8),
        "new_media": Query("INSERT INTO media (id, user_id, bucket, key, mime) VALUES ($1, $2, $3, $4, $5)", 4.6),
        "media_ready": Query("UPDATE media SET state = $2, thumbnail = $3 WHERE id = $1", 4.0),
    }
