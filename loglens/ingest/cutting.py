"""The way of cutting that goes with the shape of a content."""

from __future__ import annotations

from loglens.ingest.content import Content
from loglens.ingest.documents import DocumentPieces
from loglens.ingest.messages import MessagePieces
from loglens.ingest.pieces import CutPieces, LinePieces
from loglens.ingest.reader import Format
from loglens.ingest.records import RecordPieces
from loglens.ingest.sampling import Shape
from loglens.ingest.wrapping import WrappedPieces

# How long a line may be where the usual has turned out to need more memory than there is.
THRIFTY_LINE_BYTES = 1 << 20


def cut(content: Content, shape: Shape, form: Format, first_line: int, is_thrifty: bool = False) -> CutPieces:
    """Return the pieces of a content from where it stands; `first_line` is the line that begins there."""
    hasher = content.hasher()
    longest_bytes = min(form.longest_line_bytes, THRIFTY_LINE_BYTES) if is_thrifty else form.longest_line_bytes
    match shape:
        case "lines":
            return LinePieces(content, first_line, hasher, longest_bytes)
        case "records":
            return RecordPieces(content, first_line, hasher, longest_bytes, form.layouts)
        case "wrapped":
            assert form.wrapper is not None
            return WrappedPieces(content, first_line, hasher, longest_bytes, form.wrapper)
        case "document":
            return DocumentPieces(content, first_line, hasher)
        case "messages":
            return MessagePieces(content, first_line, hasher)
