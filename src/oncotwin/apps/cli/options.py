"""Options that many commands have."""

from typing import Annotated

from cyclopts import Parameter

Overrides = Annotated[
    tuple[str, ...], Parameter(name="--set", negative="", help="KEY=VALUE that goes before the file; repeatable.")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the summary as JSON.")]
Force = Annotated[bool, Parameter(negative="", help="Replace what is there.")]
NoFigures = Annotated[bool, Parameter(negative="", help="Draw nothing.")]
