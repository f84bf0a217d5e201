"""What the tables of a document are made of: strict sections, numbers with units, lists."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from oncotwin.errors import BadInput
from oncotwin.io.specs.units import in_unit


@dataclass(frozen=True)
class Unit:
    """Marks a number of a spec: text such as "5 mm" is converted to this unit before the number is checked."""

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.convert, handler(source))

    def convert(self, value: Any) -> Any:
        """The value, text converted to a number in this unit."""
        if not isinstance(value, str):
            return value
        try:
            return in_unit(value, self.name)
        except BadInput as error:
            raise PydanticCustomError("unit", "{what}", {"what": error.what}) from error


class Section(BaseModel):
    """A table of a spec: frozen, strict about types, closed to unknown keys, finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def list_of(entry: Any, least: int, most: int, doc: str) -> Any:
    """The annotation of a list of `least` to `most` entries.  doc: its meaning."""
    return Annotated[tuple[entry, ...], Field(strict=False, min_length=least, max_length=most, description=doc)]


Days = Annotated[float, Unit("day"), Field(gt=0, le=3650)]
Day = Annotated[float, Unit("day"), Field(ge=0, le=3650)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=10**9)]
FloatKind = Literal["float64", "float32"]
