"""What the tests of SBML share: small models, files written from them, what it takes to be the same."""

from pathlib import Path

import cobra.data
import cobra.io
import pytest

from oncotwin.errors import BadInput
from oncotwin.io.networks.sbml import read_sbml
from oncotwin.numerics.network import Network

SHIPPED = Path(cobra.data.__file__).parent
NAMESPACE = "http://www.sbml.org/sbml/level3/version1"

SMALL = f"""<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="{NAMESPACE}/core" xmlns:fbc="{NAMESPACE}/fbc/version2" level="3" version="1" fbc:required="false">
<model id="small" fbc:strict="true">
<listOfCompartments><compartment id="c" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="M_a" name="A" compartment="c" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"
 fbc:charge="-1" fbc:chemicalFormula="C6H12O6"/>
<species id="M_b" compartment="c" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
</listOfSpecies>
<listOfParameters>
<parameter id="low" value="-10" constant="true"/><parameter id="high" value="1000" constant="true"/>
</listOfParameters>
<listOfReactions>
<reaction id="R_in" reversible="true" fast="false" fbc:lowerFluxBound="low" fbc:upperFluxBound="high">
<listOfReactants><speciesReference id="sr" species="M_a" stoichiometry="1" constant="true"/></listOfReactants>
</reaction>
<reaction id="R_ab" reversible="false" fast="false" fbc:lowerFluxBound="low" fbc:upperFluxBound="high">
<listOfReactants><speciesReference species="M_a" stoichiometry="2" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="M_b" stoichiometry="3" constant="true"/></listOfProducts>
</reaction>
<reaction id="R_out" reversible="false" fast="false" fbc:lowerFluxBound="low" fbc:upperFluxBound="high">
<listOfReactants><speciesReference species="M_b" stoichiometry="1" constant="true"/></listOfReactants>
</reaction>
</listOfReactions>
<fbc:listOfObjectives fbc:activeObjective="first">
<fbc:objective fbc:id="first" fbc:type="maximize">
<fbc:listOfFluxObjectives><fbc:fluxObjective fbc:reaction="R_out" fbc:coefficient="1"/></fbc:listOfFluxObjectives>
</fbc:objective>
<fbc:objective fbc:id="second" fbc:type="minimize">
<fbc:listOfFluxObjectives><fbc:fluxObjective fbc:reaction="R_in" fbc:coefficient="2"/></fbc:listOfFluxObjectives>
</fbc:objective>
</fbc:listOfObjectives>
</model></sbml>
"""

LEGACY = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="old">
<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
<listOfSpecies>
<species id="M_a_c" name="A" compartment="c" charge="-2"><notes>
<p xmlns="http://www.w3.org/1999/xhtml">FORMULA: C6H12O6</p></notes></species>
<species id="M_a_b" compartment="c" boundaryCondition="true"/>
</listOfSpecies>
<listOfReactions><reaction id="R_x" reversible="false"><notes>
<p xmlns="http://www.w3.org/1999/xhtml">GENE_ASSOCIATION: (G_b1 and G_b2)</p>
<p xmlns="http://www.w3.org/1999/xhtml">SUBSYSTEM: This &amp; that</p></notes>
<listOfReactants><speciesReference species="M_a_b"/></listOfReactants>
<listOfProducts><speciesReference species="M_a_c" stoichiometry="2"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>FLUX_VALUE</ci></math><listOfParameters>
<parameter id="LOWER_BOUND" value="-10"/><parameter id="UPPER_BOUND" value="INF"/>
<parameter id="OBJECTIVE_COEFFICIENT" value="1"/><parameter id="FLUX_VALUE" value="0"/>
</listOfParameters></kineticLaw></reaction></listOfReactions></model></sbml>
"""

MATHS = '<math xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math>'


def written(folder: Path, text: str | bytes, name: str = "model.xml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def changed(old: str, new: str, text: str = SMALL, times: int = -1) -> str:
    assert old in text
    return text.replace(old, new, times)


def before(tag: str, addition: str) -> str:
    return changed(f"<{tag}>", f"{addition}<{tag}>")


def refusal(path: Path) -> BadInput:
    with pytest.raises(BadInput) as raised:
        read_sbml(path)
    assert raised.value.where == str(path)
    return raised.value


def same(one: Network, other: Network) -> None:
    for what in ("reactions", "metabolites", "reaction_names", "metabolite_names", "formulas", "charges"):
        assert getattr(one, what) == getattr(other, what), what
    for what in ("name", "sense", "compartments", "subsystems", "gene_rules"):
        assert getattr(one, what) == getattr(other, what), what
    for what in ("lb", "ub", "b", "c"):
        assert getattr(one, what).tobytes() == getattr(other, what).tobytes(), what
    assert (one.S.indptr.tolist(), one.S.indices.tolist()) == (other.S.indptr.tolist(), other.S.indices.tolist())
    assert one.S.data.tobytes() == other.S.data.tobytes()


# --- reading ---
