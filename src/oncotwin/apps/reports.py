"""The reports of finished runs, by their kind."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from oncotwin.apps.culture.report import write_culture_report
from oncotwin.apps.dosing.comparison_report import write_comparison_report
from oncotwin.apps.dosing.report import write_control_report
from oncotwin.apps.learning.evaluation_report import write_evaluation_report
from oncotwin.apps.loop.report import write_loop_report
from oncotwin.apps.loop.study_page import write_study_report
from oncotwin.apps.personal.curve import write_curve_report
from oncotwin.apps.personal.report import write_personal_report
from oncotwin.apps.tumour.report import write_report

REPORTS: Mapping[str, Callable[[Path], Path]] = MappingProxyType(
    {
        "tumour": write_report,
        "culture": write_culture_report,
        "dosing": write_control_report,
        "comparison": write_comparison_report,
        "personal": write_personal_report,
        "curve": write_curve_report,
        "veins": write_study_report,
        "loop": write_loop_report,
        "evaluation": write_evaluation_report,
    }
)
"""Kind of run -> what writes its report again; its path."""
