"""What the keys of a tumour spec must agree on with one another."""

from collections.abc import Iterator
from math import prod

from oncotwin.io.specs.faults import Fault
from oncotwin.io.specs.tumour import InfusionSpec, TumourSpec

MOST_VOXELS = 400**3
MOST_FRAMES = 20_000


def contradictions(spec: TumourSpec) -> Iterator[Fault]:
    """Every fault that only shows when keys are read together."""
    yield from _scheme(spec)
    yield from _grid(spec)
    yield from _time(spec)
    yield from _seeding(spec)
    for number, infusion in enumerate(spec.plan):
        yield from _infusion(spec, infusion, ("plan", number))
    for number, adjunct in enumerate(spec.adjunct):
        if adjunct.end_days <= adjunct.start_days:
            allowed = f"more than start_days = {adjunct.start_days:g}"
            yield Fault(("adjunct", number, "end_days"), "ends before it starts", adjunct.end_days, allowed)


def _scheme(spec: TumourSpec) -> Iterator[Fault]:
    if spec.scheme.name != "published":
        return
    if spec.scheme.dtype != "float64":
        yield Fault(("scheme", "dtype"), "the published scheme is float64", got=spec.scheme.dtype, allowed='"float64"')
    remedy = 'Set it to false, or use scheme.name = "accurate"'
    for name in ("blood", "inflammation"):
        if getattr(spec.extensions, name):
            yield Fault(("extensions", name), "unknown to the published scheme", True, "false", remedy)
    if spec.image is not None:
        yield Fault(
            ("image",), "unknown to the published scheme", allowed="no [image]", remedy='Use scheme.name = "accurate"'
        )


def _grid(spec: TumourSpec) -> Iterator[Fault]:
    if spec.image is not None and spec.grid is not None:
        yield Fault(("grid",), "the image gives the box", allowed="image.shape, or no [image]")
    if spec.grid is None:
        return
    shape, lengths = spec.grid.shape, spec.grid.lengths_cm
    if len(shape) != len(lengths):
        yield Fault(
            ("grid", "shape"),
            "grid.shape and grid.lengths_cm differ in dimension",
            got=f"{list(shape)} and {list(lengths)}",
            allowed="as many entries in one as in the other",
        )
    if prod(shape) > MOST_VOXELS:
        yield Fault(
            ("grid", "shape"),
            f"{prod(shape):.3g} voxels are too many",
            got=list(shape),
            allowed=f"up to {MOST_VOXELS:.3g} voxels",
        )


def _time(spec: TumourSpec) -> Iterator[Fault]:
    time = spec.time
    for key in ("output_every_days", "step_days"):
        value = getattr(time, key)
        if value > time.end_days:
            yield Fault(("time", key), "longer than the run", got=value, allowed=f"up to end_days = {time.end_days:g}")
    if time.end_days / time.output_every_days > MOST_FRAMES:
        yield Fault(
            ("time", "output_every_days"),
            "too many frames",
            got=time.output_every_days,
            allowed=f"up to {MOST_FRAMES} frames in end_days = {time.end_days:g}",
        )


def _seeding(spec: TumourSpec) -> Iterator[Fault]:
    seeding = spec.seeding
    layer = {key: getattr(seeding, key) for key in ("cart_layer_cm", "cart_radius_cm", "cart_value")}
    missing = [key for key, value in layer.items() if value is None]
    if seeding.cart_value and missing:
        yield Fault(("seeding", "cart_value"), f"needs {' and '.join(missing)} too", got=seeding.cart_value)
    if spec.image is not None and seeding.nodules:
        yield Fault(("seeding", "nodules"), "the image already gives the tumour", allowed="[image] or nodules")
    for number, nodule in enumerate(seeding.nodules):
        place = ("seeding", "nodules", number)
        yield from _inside(spec, nodule.centre_cm, (*place, "centre_cm"))
        yield from _of_dimension(spec, nodule.semi_axes_cm, (*place, "semi_axes_cm"))


_KEYS_OF_ROUTE = {"intravenous": (), "layer": ("radius_cm", "depth_cm"), "ball": ("centre_cm", "radius_cm")}


def _infusion(spec: TumourSpec, infusion: InfusionSpec, place: tuple[str, int]) -> Iterator[Fault]:
    if infusion.time_days >= spec.time.end_days:
        yield Fault(
            (*place, "time_days"),
            "an infusion at or after the end of the run",
            got=infusion.time_days,
            allowed=f"less than time.end_days = {spec.time.end_days:g}",
        )
    if infusion.route == "intravenous" and not spec.extensions.blood:
        yield Fault(
            (*place, "route"),
            "an intravenous infusion needs the blood compartment",
            got=infusion.route,
            allowed="extensions.blood = true, or the routes layer and ball",
        )
    usable = _KEYS_OF_ROUTE[infusion.route]
    for key in ("centre_cm", "radius_cm", "depth_cm"):
        if getattr(infusion, key) is not None and key not in usable:
            yield Fault(
                (*place, key),
                f"the route {infusion.route} has no such key",
                got=getattr(infusion, key),
                allowed=", ".join(usable) or "time_days, cells, route",
            )
    if infusion.centre_cm is not None:
        yield from _inside(spec, infusion.centre_cm, (*place, "centre_cm"))


def _of_dimension(spec: TumourSpec, entries: tuple[float, ...], place: tuple[str | int, ...]) -> Iterator[Fault]:
    dimension = 3 if spec.grid is None else len(spec.grid.shape)
    if len(entries) != dimension:
        yield Fault(place, "another dimension than the grid", got=list(entries), allowed=f"{dimension} entries")


def _inside(spec: TumourSpec, point: tuple[float, ...], place: tuple[str | int, ...]) -> Iterator[Fault]:
    yield from _of_dimension(spec, point, place)
    if spec.grid is not None and any(x > length for x, length in zip(point, spec.grid.lengths_cm, strict=False)):
        yield Fault(place, "outside the box", got=list(point), allowed=f"0 to {list(spec.grid.lengths_cm)} cm")
