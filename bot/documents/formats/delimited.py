"""Tables as text: values set apart by commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
import io

from bot.documents.formats.plain import decoded, is_cut
from bot.documents.formats.tables import Rows
from bot.documents.reading import Reading
from bot.language import phrase

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 30
_LONGEST_FIELD = 1 << 20


def read(data: bytes, reading: Reading) -> None:
    text = decoded(data, reading)
    delimiter = delimiter_of(text) or ","
    csv.field_size_limit(_LONGEST_FIELD)
    rows = Rows(reading)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.add(row)
    except csv.Error:
        # One quote that is never closed takes everything behind it for one value.
        rows.close()
        reading.add(text)
        return
    rows.close()
    if is_cut(data, reading):
        reading.warn(phrase("{name} is long: only its beginning was read.", name=reading.shown))


def delimiter_of(text: str) -> str | None:
    """What sets the values of the first lines apart, ``None`` where nothing does so evenly."""
    lines = [line for line in text[:65_536].splitlines() if line.strip()][:_SAMPLE_LINES]
    best, most = None, 0.0
    for delimiter in _DELIMITERS:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            continue
        usual = max(set(counts), key=counts.count, default=0)
        evenness = counts.count(usual) / max(len(counts), 1)
        if usual >= 2 and len(counts) >= 2 and evenness >= 0.8 and evenness * usual > most:
            best, most = delimiter, evenness * usual
    return best
