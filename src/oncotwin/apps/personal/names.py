"""Names of variables as figures print them."""

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


def printed(variable: str) -> str:
    """A variable's name in words."""
    return _PRINTED.get(variable, variable.replace("_", " "))
