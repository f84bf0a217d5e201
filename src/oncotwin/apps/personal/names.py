"""Names of variables as figures print them, and numbers of things."""

from types import MappingProxyType

_PRINTED = MappingProxyType(
    {
        "lauren": "Lauren class",
        "cldn18_2": "CLDN18.2",
        "prior_anti_pd1": "prior anti-PD-1",
        "ecog": "ECOG",
        "c_max": "transgene Cmax",
        "t_max": "transgene Tmax",
        "auc_0_28": "transgene AUC",
        "persistence": "transgene persistence",
        "crs_grade": "CRS grade",
        "icans_grade": "ICANS grade",
        "peak_crp": "peak CRP",
        "peak_il6": "peak IL-6",
        "pfs": "progression-free survival",
        "os": "overall survival",
    }
)


def counted(number: int, word: str) -> str:
    """A number and what is counted: 1 repeat, 2 repeats."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def printed(variable: str) -> str:
    """A variable's name in words."""
    return _PRINTED.get(variable, variable.replace("_", " "))
