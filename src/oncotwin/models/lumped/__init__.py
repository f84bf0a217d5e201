"""Tumours and drugs as a few ordinary differential equations each: what is dosed, and what toxicity allows.

Each model stands in a module with its records: `hahnfeldt`, `ergun`, `stepanova`, `combination`, `kuznetsov`,
`depillis`, `simeoni`, `neutropenia`, `docetaxel` hold `State`, `Action` and `Observation`.
"""

from oncotwin.models.lumped.combination import Combination, CombinationParameters
from oncotwin.models.lumped.depillis import DePillis, DePillisParameters
from oncotwin.models.lumped.docetaxel import Docetaxel, DocetaxelParameters
from oncotwin.models.lumped.ergun import Ergun, ErgunParameters
from oncotwin.models.lumped.hahnfeldt import Hahnfeldt, HahnfeldtParameters
from oncotwin.models.lumped.kuznetsov import Kuznetsov, KuznetsovParameters
from oncotwin.models.lumped.lumped import Condition, Lumped, Units
from oncotwin.models.lumped.neutropenia import Neutropenia, NeutropeniaParameters
from oncotwin.models.lumped.phase_plane import Equilibrium, basin, equilibria, saddle_of, separatrix
from oncotwin.models.lumped.simeoni import Simeoni, SimeoniParameters
from oncotwin.models.lumped.stepanova import Stepanova, StepanovaParameters
from oncotwin.numerics.equilibria import Kind
from oncotwin.numerics.ode import Adaptive, Stepped

__all__ = [
    "Adaptive",
    "Combination",
    "CombinationParameters",
    "Condition",
    "DePillis",
    "DePillisParameters",
    "Docetaxel",
    "DocetaxelParameters",
    "Equilibrium",
    "Ergun",
    "ErgunParameters",
    "Hahnfeldt",
    "HahnfeldtParameters",
    "Kind",
    "Kuznetsov",
    "KuznetsovParameters",
    "Lumped",
    "Neutropenia",
    "NeutropeniaParameters",
    "Simeoni",
    "SimeoniParameters",
    "Stepanova",
    "StepanovaParameters",
    "Stepped",
    "Units",
    "basin",
    "equilibria",
    "saddle_of",
    "separatrix",
]
