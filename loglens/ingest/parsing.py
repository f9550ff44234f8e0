"""What makes rows of pieces without knowing of the store, so that other processes can do it as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Parser(Protocol):
    """Makes batches of rows from pieces, and keeps what else it found until that is taken."""

    def parse(self, pieces: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield batches by the name of what they are; nothing of these pieces is left for later."""
        ...

    def take(self) -> Any:
        """Return what was counted, rejected and noticed since the last call; it can be pickled."""
        ...

    def give(self, found: Any) -> None:
        """Add what another parser of the same source has found."""
        ...


# Makes the parser of a source, in whichever process; it can be pickled.
MakeParser = Callable[[], Parser]
