"""From a resolved spec to a tumour run: the task, the plan as a controller, the instants and axes of its results."""

from pathlib import Path
from typing import NamedTuple

from oncotwin.apps.tumour.placement import check_placement
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Adjunct, Infusion, Latents
from oncotwin.core.task import Task
from oncotwin.io.imaging.images import Image, read_image
from oncotwin.io.specs.tumour import SET_BY_SEEDING, InfusionSpec, SchemeSpec, SeedingSpec, TumourSpec
from oncotwin.models.tumour3d import (
    FIELD_UNITS,
    Accurate,
    CartLayer,
    Extensions,
    Grid,
    Nodule,
    Published,
    Seeding,
    Tissue,
    Tumour,
    TumourParameters,
    apply_latents,
    plan_actions,
    schedule_times,
)


class TumourRun(NamedTuple):
    """A run made ready.  plan: the infusions that the controller gives; outputs: days of the frames to keep."""

    task: Task
    controller: Schedule
    plan: tuple[Infusion, ...]
    outputs: tuple[float, ...]
    image: Image | None


def build(spec: TumourSpec) -> TumourRun:
    """The run that a spec describes.

    Raises BadInput for images that cannot be trusted, and for a nodule, layer or ball that no voxel lies in.
    """
    image = read_geometry(spec)
    model = Tumour(
        grid=_grid(spec, image),
        seeding=_seeding(spec.seeding, image),
        scheme=_scheme(spec.scheme, spec.time.step_days),
        extensions=Extensions(**spec.extensions.model_dump()),
        tissue=Tissue() if image is None else Tissue(relative=image.tissue, inside=image.mask),
    )
    ready = _planned(model, spec, image)
    check_placement(ready.task, ready.plan)
    return ready


def read_geometry(spec: TumourSpec) -> Image | None:
    """The patient's images, where the spec names any.  Raises BadInput for images that cannot be trusted."""
    if spec.image is None:
        return None
    files = (spec.image.labels_file, spec.image.tissue_file, spec.image.mask_file)
    labels, tissue, mask = (None if file is None else Path(file) for file in files)
    return read_image(labels, spec.image.tumour_labels, tissue, mask, spec.image.shape)


def replan(ready: TumourRun, spec: TumourSpec) -> TumourRun:
    """A run with the model of another, so that nothing is compiled again.

    spec: may differ in plan, time and parameters from that of `ready`, not in what the model is built from.
    """
    return _planned(ready.task.model, spec, ready.image)


def parameters_of(spec: TumourSpec) -> TumourParameters:
    """The patient's parameters: the preset, changed by [parameters] and [seeding], moved by [latents]."""
    seeded = {name: getattr(spec.seeding, key.removeprefix("seeding.")) for name, key in SET_BY_SEEDING.items()}
    population = TumourParameters.preset(spec.preset).with_values(**spec.parameters, **seeded)
    return apply_latents(population, Latents(**spec.latents.model_dump()))


def field_units(p: TumourParameters) -> dict[str, tuple[str, str]]:
    """Unit and long name of each field, the counts of the model spelt out in cells."""
    spelt = {"cart": _cells(p.C_ref), "tumour": _cells(p.T_ref)}
    return {name: (spelt.get(unit, unit), meaning) for name, (unit, meaning) in FIELD_UNITS.items()}


def _planned(model: Tumour, spec: TumourSpec, image: Image | None) -> TumourRun:
    plan = tuple(_infusion(infusion) for infusion in spec.plan)
    adjuncts = tuple(Adjunct(**adjunct.model_dump()) for adjunct in spec.adjunct)
    times = schedule_times(plan, spec.time.end_days, spec.time.output_every_days, adjuncts)
    outputs = schedule_times((), spec.time.end_days, spec.time.output_every_days)
    task = Task(model=model, parameters=parameters_of(spec), times=times)
    return TumourRun(task, Schedule(plan_actions(model, plan, times, adjuncts)), plan, outputs, image)


def _cells(reference: float) -> str:
    return "cells/cm3" if float(reference) == 1 else f"{float(reference):g} cells/cm3"


def _grid(spec: TumourSpec, image: Image | None) -> Grid:
    layout = "vertex" if spec.scheme.name == "published" else "centred"
    if image is not None:
        return Grid(image.shape, image.lengths_cm, layout)
    return Grid(spec.grid.shape, spec.grid.lengths_cm, layout)


def _scheme(scheme: SchemeSpec, step_days: float) -> Accurate | Published:
    if scheme.name == "published":
        return Published(step_days, scheme.exp_substeps, scheme.diff_iters, scheme.diff_tol)
    return Accurate(scheme.rtol, scheme.floor, scheme.max_step_days, scheme.dtype)


def _seeding(seeding: SeedingSpec, image: Image | None) -> Seeding:
    nodules = tuple(
        Nodule(nodule.centre_cm, tuple(axis / seeding.tumour_radius_cm for axis in nodule.semi_axes_cm))
        for nodule in seeding.nodules
    )
    layer = None
    if seeding.cart_value:
        layer = CartLayer(seeding.cart_layer_cm, seeding.cart_radius_cm, seeding.cart_value)
    density = None if image is None else image.density_map
    return Seeding(
        nodules=nodules,
        density_map=density,
        patch_scale_cm=seeding.patch_scale_cm,
        patch_seed=seeding.patch_seed,
        cart=layer,
    )


def _infusion(infusion: InfusionSpec) -> Infusion:
    """The infusion; a length that the spec leaves out is the record's own default."""
    return Infusion(**infusion.model_dump(exclude_none=True))
