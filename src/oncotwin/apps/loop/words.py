"""Numbers as the loop's reports write them."""

from collections.abc import Mapping


def signed(value: float, form: str) -> str:
    """A number with its sign, the minus as printed; nothing but 0 where it rounds to that."""
    text = form.format(value)
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def percent(share: float) -> str:
    """A share in whole per cent."""
    return f"{100 * share:.0f} %"


def shared(share: float, error: float) -> str:
    """An estimated share of a variance with its standard error, whole per cent; it may lie outside 0 to 100."""
    return f"{signed(100 * share, '{:.0f}')} ± {100 * error:.0f} %"


def ranged(row: Mapping[str, float], form: str) -> str:
    """Nine tenths of the draws."""
    return f"{signed(row['q05'], form)} to {signed(row['q95'], form)}"
