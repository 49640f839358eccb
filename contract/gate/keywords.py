"""Compares what two shapes say of a value itself, fields and items left aside."""

from collections.abc import Iterator
from decimal import Decimal

from contract.gate.essence import shown
from contract.gate.findings import Act, Change, Harm, narrower, otherwise, wider
from contract.gate.shapes import LOWER, NULL, NUMBER, UPPER, Shape


def changes_of_value(before: Shape, after: Shape) -> Iterator[Change]:
    """Yield each change with whom it harms; what cannot be told is held to harm everyone."""
    yield from _types(before, after)
    yield from _values(before, after)
    yield from _limits(before, after)
    yield from _steps(before, after)
    yield from _marks("pattern", before.patterns, after.patterns)
    yield from _marks("format", before.formats, after.formats)
    yield from _default(before, after)
    yield from _discriminators(before, after)
    for keyword in sorted(before.rest.keys() | after.rest.keys()):
        if before.rest.get(keyword) != after.rest.get(keyword):
            yield otherwise(f"has another `{keyword}`, of which it cannot be told what it changes")


def type_names(types: frozenset[str]) -> str:
    """Return `string or null`; a number with a fraction or without is a `number`."""
    names = types - {"integer"} if types >= NUMBER else types
    return " or ".join(f"`{name}`" for name in sorted(names)) or "nothing"


def _types(before: Shape, after: Shape) -> Iterator[Change]:
    if before.values is not None and after.values is not None:
        return
    new, gone = after.types - before.types, before.types - after.types
    if new >= NULL:
        yield _null_is_new()
    if gone >= NULL:
        yield _null_is_gone()
    fact = f"is {type_names(after.types - NULL)}, and was {type_names(before.types - NULL)}"
    if new - NULL and gone - NULL:
        yield otherwise(fact)
    elif new - NULL:
        yield wider(fact)
    elif gone - NULL:
        yield narrower(fact)


def _null_is_new() -> Change:
    return wider("may be `null`", "may meet `null`, which it never was")


def _null_is_gone() -> Change:
    return narrower("is never `null` any more", "are refused when it is `null`")


def _values(before: Shape, after: Shape) -> Iterator[Change]:
    if before.values is None and after.values is None:
        return
    if before.values is None:
        yield narrower(f"may only be {value_names(after.values)}")
        return
    if after.values is None:
        yield wider(f"may be anything, and was one of {value_names(before.values)}")
        return
    for value in sorted(after.values - before.values - {"null"}):
        yield wider(
            f"may be {shown(value)}",
            f"may meet the new value {shown(value)}, and break if they know all of them",
            grows=True,
        )
    for value in sorted(before.values - after.values - {"null"}):
        yield narrower(
            f"is never {shown(value)} any more", f"are refused when it is {shown(value)}"
        )
    if "null" in after.values - before.values:
        yield _null_is_new()
    if "null" in before.values - after.values:
        yield _null_is_gone()


def value_names(values: frozenset[str] | None) -> str:
    return ", ".join(map(shown, sorted(values or ()))) or "nothing"


def _limits(before: Shape, after: Shape) -> Iterator[Change]:
    for keyword in (*LOWER, *UPPER):
        was, now = before.limits.get(keyword), after.limits.get(keyword)
        if was == now:
            continue
        fact = _fact(keyword, _digits(was), _digits(now))
        if was is None:
            yield narrower(fact)
        elif now is None:
            yield wider(fact)
        else:
            tighter = now > was if keyword in LOWER else now < was
            yield narrower(fact) if tighter else wider(fact)


def _steps(before: Shape, after: Shape) -> Iterator[Change]:
    """Compare `multipleOf`: every multiple of 0.1 is one of 0.01, and not the other way round."""
    if before.steps == after.steps:
        return
    was, now = (", ".join(map(_digits, sorted(one.steps))) for one in (before, after))
    fact = _fact("multipleOf", was, now)
    if _all_multiples(after.steps, before.steps):
        yield narrower(fact)
    elif _all_multiples(before.steps, after.steps):
        yield wider(fact)
    else:
        yield otherwise(fact)


def _all_multiples(some: frozenset[Decimal], of: frozenset[Decimal]) -> bool:
    return all(any(one % other == 0 for one in some) for other in of)


def _marks(keyword: str, before: frozenset[str], after: frozenset[str]) -> Iterator[Change]:
    if before == after:
        return
    fact = _fact(keyword, " and ".join(sorted(before)), " and ".join(sorted(after)))
    if before < after:
        yield narrower(fact)
    elif after < before:
        yield wider(fact)
    else:
        yield otherwise(fact)


def _default(before: Shape, after: Shape) -> Iterator[Change]:
    """Compare defaults, which count for those who leave the field out; answers have none."""
    if before.default == after.default:
        return
    fact = _fact("default", before.default or "", after.default or "")
    left_out = Harm(Act.OMIT, f"mean something else by it: it {fact}")
    yield Change("", fact, senders=left_out if before.default is not None else None)


def _discriminators(before: Shape, after: Shape) -> Iterator[Change]:
    for name, value in sorted(before.discriminators - after.discriminators):
        yield otherwise(f"is not chosen by `{name}` as `{value}` any more")


def _fact(keyword: str, was: str, now: str) -> str:
    if not was:
        return f"has `{keyword}` {now}, and had none"
    if not now:
        return f"has no `{keyword}` any more, and had {was}"
    return f"has `{keyword}` {now}, and had {was}"


def _digits(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"
