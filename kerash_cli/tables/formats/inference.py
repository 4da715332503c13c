"""Inferring the layout of a text table from its first lines: delimiter, header, comments."""

from collections.abc import Sequence
from itertools import chain, islice, pairwise
from typing import NamedTuple

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.tables.delimiters import DELIMITERS
from kerash_cli.tables.formats import records, type_rows
from kerash_cli.tables.formats.names import can_be_name, column_name, different, is_number, is_numeric, is_value
from kerash_cli.tables.formats.records import Block, Record
from kerash_cli.tables.options import Options
from kerash_cli.tables.table import Schema, separates

FEWEST_SAMPLES = 3
_MOST_SAMPLES = 100  # records that a layout is inferred from
_SAMPLE_CELLS = 10_000  # cells after which fewer records are enough


class Inferred(NamedTuple):
    """Layout of a file as inferred from its beginning."""

    delimiter: str
    width: int
    names: tuple[str, ...] | None
    trailing: bool
    """True if each row ends with a separator that no column follows."""
    notes: tuple[str, ...]
    """Doubtful guesses about the layout, one line each."""
    rest: Block | None
    """The block without its header and comments; None if nothing is left."""
    declared: frozenset[int] = frozenset()
    """Positions of columns of which the file says that they are words."""
    aside: frozenset[int] = frozenset()
    """Positions of columns that are no inputs."""


def infer(source: str, block: Block, options: Options) -> Inferred:
    """Infers the layout from the first block; raises BadInput if it is ambiguous."""
    records.check_bytes(source, _first_line(block))
    block, told = _without_separator_line(block)
    given = options.delimiter or told
    quotes = options.quotes
    block, notes = _without_comments(block, given, quotes)
    delimiter = given or _known_delimiter(block, options.schema, quotes) or _delimiter(source, block, quotes)
    sample = _sampled(block, delimiter, quotes)
    if not sample:
        raise BadInput(f"{at(source, block.line)}expected rows, got blank lines")
    trailing = _ends_in_separators(sample, options)
    if trailing:
        width = len(sample[-1].fields) - 1
        sample = [record._replace(fields=record.fields[:width]) for record in sample]
        notes.append(f"{source}: every row ends with a separator, {shown(delimiter)}; no column is read after it")
    types = None if options.header is False else type_rows.types(sample)
    first, last = sample[0], sample[2 if types else 0]
    has_row_names = _has_row_names(sample, options)
    header = options.header
    if header is None:
        header = bool(types or has_row_names) or _has_header(source, block, sample, options, delimiter)
    if not header:
        notes += [] if options.header is False else _about_data(source, sample, options.schema)
        rest = None if records.is_blank(block.text) else block
        return Inferred(delimiter, _width(sample, options.schema), None, trailing, tuple(notes), rest)
    block = _after(block, last)
    names, renamed = different([*[""] * has_row_names, *map(column_name, first.fields)])
    notes += [] if options.header or types else _about_header(source, first, has_row_names, options.schema)
    notes += [f"{source}: {line}" for line in renamed] + (_about_types(source, names, types) if types else [])
    rest = None if records.is_blank(block.text) else block
    words, aside = (types.words, types.aside) if types else (frozenset[int](), frozenset[int]())
    aside |= {0} if has_row_names else set()
    return Inferred(delimiter, len(names), names, trailing, tuple(notes), rest, words, aside)


def _about_header(source: str, first: Record, has_row_names: bool, schema: Schema | None) -> list[str]:
    """Returns a line if the first row is taken for a header and may be data, or lacks a name."""
    if has_row_names:
        count = len(first.fields)
        return [f"{source}: the header has {count} names for {count + 1} columns: the first one names the rows"]
    if not _may_be_row(first, schema):
        return []
    return [f"{source}: the first row ({_line(first)}) was taken for a header; if it is data, use --no-header"]


def _about_data(source: str, sample: Sequence[Record], schema: Schema | None) -> list[str]:
    """Returns a line if the first row is taken for data and may be a header."""
    if not (_names_of_digits(sample) or _has_a_name(sample[0], schema)):
        return []
    return [f"{source}: the first row ({_line(sample[0])}) was taken for data; if it names the columns, use --header"]


def _about_types(source: str, names: Sequence[str], types: type_rows.Types) -> list[str]:
    """Returns a line about the two rows below the header that say what the columns are."""
    told = [f"the label is {listed([names[each] for each in types.labels])}"] if types.labels else []
    told += [f"no inputs are {listed([names[each] for each in sorted(types.aside)])}"] if types.aside else []
    return [f"{source}: the two rows below the header say what the columns hold{''.join(f'; {each}' for each in told)}"]


def _line(record: Record) -> str:
    """Returns the beginning of a record, for a message."""
    return " ".join(record.fields)[:60]


def stands_out(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Returns whether a row of different whole numbers looks like names, because it differs from the others:

    - each number is outside the range of the others in its column by more than the width of that range, or most of
      the others are not whole;
    - its numbers, two or more, are all years, as in no other row; or
    - its numbers, three or more, have equal steps (1, 2, 3), as in no other row.
    """
    whole = [decimals.whole(cell) for cell in first]
    numbers = [number for number in whole if number is not None]
    if len(numbers) < len(whole) or len(set(numbers)) < len(numbers) or len(others) < FEWEST_SAMPLES - 1:
        return False
    columns = zip(*others, strict=True)
    apart = all(_is_apart(number, column) for number, column in zip(numbers, columns, strict=True))
    years = len(first) > 1 and _are_years(first) and not any(map(_are_years, others))
    return apart or years or (len(first) > 2 and _steps(first) and not any(map(_steps, others)))


def _width(sample: Sequence[Record], schema: Schema | None) -> int:
    """Returns the number of fields in the first row that fits the training table, or in the first row if none does."""
    widths = [len(record.fields) for record in sample]
    return next((width for width in widths if schema and schema.locate(None, width)), widths[0])


def _may_be_row(first: Record, schema: Schema | None) -> bool:
    """Returns whether a header may be data after all: no cell of it is a word, or the training table had no header."""
    if schema is None:
        return False
    return schema.names is None or not any(can_be_name(cell.strip(" \t")) for cell in first.fields)


def _has_a_name(first: Record, schema: Schema | None) -> bool:
    """Returns whether the first row, taken for data, contains the name of a column of the training table."""
    return schema is not None and not {cell.strip(" \t") for cell in first.fields}.isdisjoint(schema.names or ())


def _is_apart(number: int, column: Sequence[str]) -> bool:
    values = [value for value in map(decimals.number, column) if value is not None]
    if not values:
        return False
    low, high = min(values), max(values)
    fractions = sum(not value.is_integer() for value in values)
    return max(low - number, number - high) > max(high - low, 1) or 2 * fractions > len(values)


def _are_years(cells: Sequence[str]) -> bool:
    return all((number := decimals.whole(cell)) is not None and 1900 <= number <= 2100 for cell in cells)


def _steps(cells: Sequence[str]) -> bool:
    values = [value for value in map(decimals.number, cells) if value is not None]
    return len(values) == len(cells) and len({after - before for before, after in pairwise(values)}) == 1


def _names_of_digits(sample: Sequence[Record]) -> bool:
    first, *others = (record.fields for record in sample)
    alike = [[cell.strip(" \t") for cell in fields] for fields in others if len(fields) == len(first)]
    return stands_out([cell.strip(" \t") for cell in first], alike)


def _without_separator_line(block: Block) -> tuple[Block, str | None]:
    """Returns the block without a first line such as `sep=;`, which Excel writes, and the delimiter that it names."""
    line, _, rest = block.text.partition(b"\n")
    word = line.decode("latin-1").strip()
    if word[:4].lower() != "sep=" or not separates(word[4:]) or not rest:
        return block, None
    return Block(rest, block.line + 1), word[4:]


def _without_comments(block: Block, delimiter: str | None, quotes: bool) -> tuple[Block, list[str]]:
    """Returns the block without leading comment lines (`#`), and a note about them; a header with a `#` stays."""
    start, count = 0, 0
    while block.text.startswith(b"#", start) and (end := block.text.find(b"\n", start)) >= 0:
        start, count = end + 1, count + 1
    if not count or start == len(block.text):
        return block, []
    if count == 1 and _is_headed_by(block, delimiter, quotes):
        return block, []
    rest = Block(block.text[start:], block.line + count)
    what = "1 line that begins" if count == 1 else f"{count} lines that begin"
    line = block.text.partition(b"\n")[0].decode(errors="replace")
    return rest, [f"skipped {what} with #: {shown(line)}"]


def _is_headed_by(block: Block, delimiter: str | None, quotes: bool) -> bool:
    """Returns whether the first line has as many cells as the second, which contains a number."""
    for each in [delimiter] if delimiter else DELIMITERS:
        first, second = [*_sampled(block, each, quotes), None, None][:2]
        if first and second and len(first.fields) == len(second.fields) > 1:
            return any(map(is_number, second.fields))
    return False


def _first_line(block: Block) -> Block:
    return Block(block.text[: block.text.index(b"\n") + 1], block.line)


def _sampled(block: Block, delimiter: str, quotes: bool) -> list[Record]:
    return records.sampled(block, delimiter, _MOST_SAMPLES, _SAMPLE_CELLS, FEWEST_SAMPLES, quotes)


def _has_row_names(sample: Sequence[Record], options: Options) -> bool:
    """Returns whether each row begins with the name of the row, which the header leaves out, as in R's tables."""
    first, *others = sample
    if len(others) < 2 or options.header is False or not all(map(can_be_name, map(column_name, first.fields))):
        return False
    width = len(first.fields) + 1
    return all(len(record.fields) == width and record.fields[-1].strip() for record in others)


def _ends_in_separators(sample: Sequence[Record], options: Options) -> bool:
    """Returns whether every row, except perhaps the first, ends with a separator and nothing after it."""
    first, *others = ([cell.strip(" \t") for cell in record.fields] for record in sample)
    rows = others or [first]
    width = len(rows[0])
    if width < 2 or any(len(row) != width or row[-1] for row in rows):
        return False
    schema = options.schema
    if schema is not None and first[-1] not in (schema.names or ()) and schema.locate(None, width):
        return False  # the last input is missing in all of these rows
    if not others:
        return schema is not None and bool(schema.locate(None, width - 1))
    return len(first) == width - 1 or (len(first) == width and not first[-1])


def _after(block: Block, record: Record) -> Block:
    lines = record.line - block.line + record.height
    return Block(block.text.split(b"\n", lines)[lines], block.line + lines)


def _known_delimiter(block: Block, schema: Schema | None, quotes: bool) -> str | None:
    """Returns the training table's delimiter if the first record, split by it, has that table's width or names."""
    if schema is None or schema.delimiter.encode() not in block.text:
        return None
    if quotes and not records.quotes_fit(block, schema.delimiter):
        return None
    record = records.first_record(block, schema.delimiter, quotes)
    if record is None:
        return None
    named = schema.names is not None and not {name.strip(" \t") for name in record.fields}.isdisjoint(schema.names)
    return schema.delimiter if named or schema.locate(None, len(record.fields)) else None


def _delimiter(source: str, block: Block, quotes: bool) -> str:
    """Returns the delimiter with which the most rows are equally wide; of several such, the one with the most numbers.

    A candidate must give more than one field, and a space at least one number too; without candidates, the comma is
    returned. Raises BadInput if two candidates each make all rows equally wide, with similarly many numbers.
    """
    scores = {}
    there = [delimiter for delimiter in DELIMITERS if delimiter.encode() in block.text]
    for delimiter in [each for each in there if not quotes or records.quotes_fit(block, each)] or there:
        fields = [record.fields for record in _sampled(block, delimiter, quotes)]
        widths = [len(each) for each in fields]
        usual = max(widths, key=widths.count)
        cells = list(islice(chain.from_iterable(fields), _SAMPLE_CELLS))
        numeric = sum(is_value(cell) for cell in cells) / len(cells)
        if usual > 1 and (delimiter != " " or numeric):
            scores[delimiter] = (widths.count(usual) / len(widths), numeric)
    best = max(scores, key=lambda delimiter: scores[delimiter], default=",")
    if " " not in best:
        _check_rivals(source, block, best, scores)
    return best


def _check_rivals(source: str, block: Block, best: str, scores: dict[str, tuple[float, float]]) -> None:
    """Raises BadInput if another delimiter also makes all rows equally wide, with at least half as many numbers."""
    for rival, (alike, numeric) in scores.items():
        if rival not in (best, " ") and alike == scores[best][0] == 1 and 2 * numeric >= scores[best][1]:
            raise BadInput(
                f"{at(source, block.line)}both {shown(best)} and {shown(rival)} may be the column separator; "
                f"try --delimiter {shown(best)} or --delimiter {shown(rival)}"
            )


def _has_header(source: str, block: Block, sample: list[Record], options: Options, delimiter: str) -> bool:
    """Returns whether the first record is a header; raises BadInput if that is ambiguous."""
    first = [field.strip(" \t") for field in sample[0].fields]
    if options.schema is not None:
        return names_known(first, options.schema)
    if decimals.column(first) is not None:
        return False
    others = [record.fields for record in sample[1:] if len(record.fields) == len(first)]
    columns = [[cell.strip(" \t") for cell in column] for column in zip(*others, strict=True)]
    words = {place: cell for place, cell in enumerate(first) if can_be_name(cell)}
    named = any(is_numeric(column) for place, column in enumerate(columns) if place in words) or any(
        _is_in_a_notation(words[place], column) for place, column in enumerate(columns) if place in words
    )
    repeated = any(words.get(place) in column for place, column in enumerate(columns))
    valued = repeated or any(map(is_number, first))
    if named != valued or not words:
        return named
    records.records(
        source, block, delimiter, quotes=options.quotes
    )  # an invalid byte or quote is the error to report first
    word = next(iter(words.values()))
    raise BadInput(
        f"{at(source, sample[0].line)}the first row may be a header or data; "
        f"try --header if {shown(word)} names a column, --no-header if it is a value"
    )


def _is_in_a_notation(word: str, column: Sequence[str]) -> bool:
    """Returns whether a column below a word is of numbers such as 5 % or 2024-01-31, and the word is none of them."""
    from kerash_cli.tables.notations.finding import found  # most tables have plain numbers

    finding = found([None if decimals.is_missing(cell) else cell for cell in column])
    return finding is not None and all(way.notation.value(word) is None for way in finding.ways)


def names_known(first: Sequence[str], schema: Schema) -> bool:
    """Returns whether the first row has names of the training table, or words in columns of numbers."""

    places = schema.locate(None, len(first))
    numbers = [places[position] for position in schema.used - schema.text if position in places]
    if schema.names is not None:
        known = {schema.names[position] for position in schema.used}
        if any(cell in known and can_be_name(cell) for cell in first):
            return True
        if known <= set(first) and len(set(first)) == len(first):
            return True
    return any(can_be_name(first[place]) for place in numbers) and not any(map(is_number, first))
