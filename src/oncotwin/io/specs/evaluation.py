"""The spec of a comparison of ways to make the cells, as the command line resolved it."""

from typing import Annotated, Literal

from pydantic import Field

from oncotwin.io.specs.section import Section

EVALUATION = "evaluation"


class EvaluationSpec(Section):
    """What was compared on which held-out donors."""

    kind: Literal["evaluation"] = Field(EVALUATION, description="what this spec is for")
    task: Literal["culture"] = Field("culture", description="the decision problem")
    policies: list[str] = Field(description="names of shipped policies, or their cards")
    donors: Annotated[int, Field(ge=27)] = Field(540, description="held-out virtual donors")
    step_hours: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="longest step of the cultures, hours")
    seeds: list[str] = Field([], description="run directories of trainings whose every seed is evaluated")
