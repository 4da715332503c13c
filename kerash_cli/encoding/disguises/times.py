"""Times of day and durations, as minutes or seconds."""

from kerash_cli.encoding.disguises.readings import Column, Finding, Reading

_TWO = r"(\d{1,3}):([0-5]\d(?:\.\d+)?)"
_THREE = r"(\d{1,3}):([0-5]\d):([0-5]\d(?:\.\d+)?)"
_EITHER = r"(\d{1,3}):([0-5]\d(?:\.\d+)?)(?::([0-5]\d(?:\.\d+)?))?"
_TWELVE = r"(\d\d?)(?::([0-5]\d))?(?::([0-5]\d))? ?([AaPp])\.?[Mm]\.?"


def times(column: Column) -> Finding | None:
    """Finds `12:30`, `12:30:15`, `7 pm`; two readings if `12:30`, beside `1:12:30`, may be minutes and seconds."""
    halves = column.fits(_TWELVE)
    if column.is_most(halves):
        return Finding("times", list(halves), [Reading(_TWELVE, '($1%12+12*(lc$4 eq"p"))*60+$2+$3/60', "as minutes")])
    two, three = column.fits(_TWO), column.fits(_THREE)
    if not column.is_most([*two, *three]):
        return None
    is_clock = all(int(match[1]) <= 24 and "." not in match[2] for match in two.values())
    cells = [cell for cell in column.counts if cell in two or cell in three]
    if not three:
        return Finding("times", cells, [Reading(_TWO, "$1*60+$2", "as minutes" if is_clock else "as seconds")])
    hours = Reading(_EITHER, "$1*60+$2+$3/60", "as minutes")
    if not two:
        return Finding("times", cells, [hours._replace(pattern=_THREE)])
    example = next(iter(two))
    minutes = Reading(_EITHER, '$3 eq""?$1+$2/60:$1*60+$2+$3/60', "as minutes")
    both = [
        hours._replace(meaning=f"with hours and minutes in {example}, as minutes"),
        minutes._replace(meaning=f"with minutes and seconds in {example}, as minutes"),
    ]
    return Finding("times", cells, both if is_clock else [minutes])
