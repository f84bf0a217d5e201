"""The spec of a tumour run: what a TOML document may hold, section by section, with units, bounds and meanings.

Every default stands in a preset document (`data/presets`); a key that may be left out altogether is None here.
"""

from typing import Annotated, Literal

from pydantic import Field

from oncotwin.core.exchange import Route
from oncotwin.io.specs.section import Day, Days, FloatKind, Fraction, Section, Seed, Unit, list_of

Length = Annotated[float, Unit("cm"), Field(gt=0, le=100)]
Position = Annotated[float, Unit("cm"), Field(ge=0, le=100)]
Density = Annotated[float, Field(ge=0, le=1e12)]
Voxels = Annotated[int, Field(ge=2, le=4096)]

SET_BY_SEEDING = {
    "tumour_radius": "seeding.tumour_radius_cm",
    "tumour_value": "seeding.tumour_value",
    "negative_fraction": "seeding.negative_fraction",
}
"""Parameters that have a key of their own: parameter -> key."""


class SchemeSpec(Section):
    """How the equations are integrated."""

    name: Literal["accurate", "published"] = Field(description="ours, or the published solver's arithmetic")
    dtype: FloatKind = Field(description="precision of the computation")
    rtol: Annotated[float, Field(ge=1e-10, le=0.5)] = Field(description="accurate: error of one step, relative")
    floor: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="accurate: share of its scale below which a field is empty"
    )
    max_step_days: Days = Field(description="accurate: longest step")
    exp_substeps: Annotated[int, Field(ge=1, le=10000)] = Field(description="published: reaction steps in half a step")
    diff_iters: Annotated[int, Field(ge=1, le=1000000)] = Field(description="published: most Jacobi sweeps a step")
    diff_tol: Annotated[float, Field(ge=0, le=1e6)] = Field(description="published: change that ends the sweeps")


class GridSpec(Section):
    """The box and its voxels, in 1-D, 2-D or 3-D."""

    shape: list_of(Voxels, 1, 3, "voxels along x, y, z")
    lengths_cm: list_of(Length, 1, 3, "edges of the box along x, y, z")


class TimeSpec(Section):
    """How long, and how often results are kept."""

    end_days: Days = Field(description="end of the run")
    step_days: Days = Field(description="published: step length")
    output_every_days: Days = Field(description="interval between stored frames")


class NoduleSpec(Section):
    """One ellipsoid of tumour."""

    centre_cm: list_of(Position, 1, 3, "centre")
    semi_axes_cm: list_of(Length, 1, 3, "semi-axes along x, y, z")


class SeedingSpec(Section):
    """The first state."""

    tumour_radius_cm: Annotated[float, Unit("cm"), Field(ge=1e-3, le=20)] = Field(description="radius of the nodule")
    tumour_value: Density = Field(description="tumour density inside, units of T_ref cells/cm3")
    negative_fraction: Fraction = Field(description="share of antigen-reduced cells")
    nodules: list_of(NoduleSpec, 0, 64, "ellipsoids in place of the sphere at the centre") = ()
    cart_layer_cm: Position | None = Field(None, description="thickness of a first CAR-T layer at x = 0")
    cart_radius_cm: Length | None = Field(None, description="radius of that layer about the x axis")
    cart_value: Density | None = Field(None, description="CAR-T density in that layer, units of C_ref cells/cm3")
    patch_scale_cm: Length | None = Field(None, description="size of antigen-reduced patches; none: evenly mixed")
    patch_seed: Seed = Field(description="random seed of the patches")


class ImageSpec(Section):
    """Geometry from NIfTI images on one grid, in place of [grid] and of seeded nodules."""

    labels_file: str = Field(min_length=1, description="label map of the tumour")
    tumour_labels: list_of(Annotated[int, Field(ge=1)], 1, 64, "labels that mean tumour")
    tissue_file: str | None = Field(None, min_length=1, description="map that multiplies D_C")
    mask_file: str | None = Field(None, min_length=1, description="domain: cells stay where it is not zero")
    shape: list_of(Voxels, 3, 3, "") | None = Field(None, description="voxels to work on; none: those of the files")


class LatentsSpec(Section):
    """The reduced patient vector, equation (26), acting on the parameters; 0.5 leaves them as they are."""

    inf: Fraction = Field(description="infiltration")
    exh: Fraction = Field(description="exhaustion")
    cyt: Fraction = Field(description="cytotoxic potency")
    esc: Fraction = Field(description="antigen escape")
    env: Fraction = Field(description="suppressive microenvironment")
    init: Fraction = Field(description="extent of the first tumour")


class InfusionSpec(Section):
    """One administration of CAR-T cells."""

    time_days: Day = Field(description="when")
    cells: Annotated[float, Unit("cell"), Field(ge=0, le=1e13)] = Field(description="how many")
    route: Route = Field("intravenous", description="through the blood, as a layer at x = 0, or as a ball")
    centre_cm: list_of(Position, 1, 3, "") | None = Field(None, description="ball: centre; none: the middle")
    radius_cm: Length | None = Field(None, description="layer, ball: radius; none: 0.2")
    depth_cm: Length | None = Field(None, description="layer: thickness; none: 0.05")
    exhausted_fraction: Fraction | None = Field(None, description="share that is exhausted; none: 0")


class AdjunctSpec(Section):
    """Drugs at levels held from one day to another."""

    start_days: Day = Field(description="from when")
    end_days: Days = Field(description="until when")
    chemotherapy: Annotated[float, Field(ge=0, le=10)] = Field(0.0, description="level; one is a standard one")
    inhibitor_mg_per_kg: Annotated[float, Unit("mg/kg"), Field(ge=0, le=1e4)] = Field(
        0.0, description="level of an inhibitor of angiogenesis"
    )


class ExtensionsSpec(Section):
    """What oncotwin adds to the published equations."""

    blood: bool = Field(description="blood compartment: intravenous infusion, expansion, extravasation")
    inflammation: bool = Field(description="interleukin 6, C-reactive protein, ferritin")


class OutputSpec(Section):
    """What is stored."""

    dtype: FloatKind = Field(description="precision of the stored fields")
    figures: bool = Field(description="draw figures and an animation at the end")


class TumourSpec(Section):
    """A run of the tumour twin, as resolved: preset, then file, then --set."""

    preset: str = Field(description="where every default comes from")
    scheme: SchemeSpec
    grid: GridSpec | None = None
    time: TimeSpec
    seeding: SeedingSpec
    image: ImageSpec | None = None
    parameters: dict[str, float] = Field(description="constants that differ from the preset; see `oncotwin parameters`")
    latents: LatentsSpec
    plan: list_of(InfusionSpec, 0, 256, "infusions, each a [[plan]] table")
    adjunct: list_of(AdjunctSpec, 0, 4096, "drugs, each an [[adjunct]] table; levels that overlap add up") = ()
    extensions: ExtensionsSpec
    output: OutputSpec
