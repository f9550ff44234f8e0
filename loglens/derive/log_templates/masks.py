"""What is never a constant part of a message, masked in one pass: ids, addresses, times, sizes, numbers, paths."""

from __future__ import annotations

# What stands for a value in masked texts and in templates.
VALUE = "<*>"
# Stands for an underscore while masking, so that the parts of `blk_17` end where words end.
_SPLIT = "\x01"
_HEX = "[0-9a-fA-F]"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_YEAR = r"\d{4}\b"
_CLOCK = r"\d{2}:\d{2}(?::\d{2})?(?:[.,]\d+)?"

# The first that fits wins. In the syntax of RE2, and without groups, which would make it ten times slower.
_MASKS = (
    # URLs, UUIDs, hardware and network addresses, mail addresses, paths, names of hosts with a number in them.
    r"\b[a-z][a-z0-9+.-]*://[^\s\"<>')\]]+",
    rf"\b{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}\b",
    rf"\b{_HEX}{{2}}(?:[:-]{_HEX}{{2}}){{5}}\b",
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
    rf"\b(?:{_HEX}{{1,4}}:){{3,7}}{_HEX}{{1,4}}\b",
    rf"\b[\w{_SPLIT}.+-]+@[\w-]+(?:\.[\w-]+)+\b",
    rf"(?:/[\w{_SPLIT}.@%+~-]+){{2,}}/?",
    r"\b[A-Za-z-]*\d[\w-]*(?:\.[A-Za-z][\w-]*){2,}\b",
    # Dates and times.
    rf"\b\d{{4}}[-/]\d{{2}}[-/]\d{{2}}(?:[T ]{_CLOCK})?(?:Z|[+-]\d{{2}}:?\d{{2}})?\b",
    rf"\b(?:{_DAY},? )?(?:{_MONTH} +\d{{1,2}}|\d{{1,2}}[ /-]{_MONTH})\b(?:,?[ /:-]{_YEAR})?(?: {_CLOCK})?(?: {_YEAR})?",
    rf"\b{_CLOCK}\b",
    # Sizes and durations, hexadecimal numbers, ids of several parts, of digits and letters, and numbers.
    r"\b\d+(?:\.\d+)?(?: ?[KMGTP]?i?B|[KMGTkmgt]i?b?|bytes|ns|us|µs|ms|sec|s|m|h)\b",
    r"\b0[xX][0-9a-fA-F]+\b",
    rf"\b\d+(?:{_SPLIT}(?:[a-z]{_SPLIT})?\d+)+\b",
    rf"\b{_HEX}*\d{_HEX}{{5,}}\b",
    r"\b[A-Za-z]*\d[0-9A-Za-z]*[A-Za-z][0-9A-Za-z]*\d[0-9A-Za-z]*\b",
    r"(?:\B[-+])?\bv?\d+(?:\.\d+)*\b",
)
_ANY = "|".join(_MASKS).replace("'", "''")
# Five values or more in a row are a list, whatever its length.
_LIST = r"(\w*<\*>)(?:,? \w*<\*>){4,}"
# A word, with the white space before it, ends behind white space and marks that separate values.
_WORDS = r"\s?[^\s,;=:|]+[,;=:|]?|\s?[,;=:|]"


def masked_sql(text: str) -> str:
    """Return the SQL expression of a text with its values masked, whose underscores `underscored_sql` brings back."""
    return f"regexp_replace(replace({text}, '_', '{_SPLIT}'), '{_ANY}', '{VALUE}', 'g')"


def underscored_sql(masked: str) -> str:
    """Return the SQL expression of a masked text as people read it."""
    return f"replace({masked}, '{_SPLIT}', '_')"


def words_sql(masked: str) -> str:
    """Return the SQL expression of the words of a masked text, each with the white space before it."""
    one_line = rf"regexp_replace({masked}, '\s+', ' ', 'g')"
    lists = rf"regexp_replace({one_line}, '{_LIST}', '\1', 'g')"
    return f"regexp_extract_all({lists}, '{_WORDS}')"
