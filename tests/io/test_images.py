"""Images: the right place, the right order, the right scale, or a refusal that names the file."""

import gzip
import itertools

import numpy as np
import pytest

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.imaging import nifti
from oncotwin.io.imaging.images import read_image, write_like
from oncotwin.io.imaging.nifti import read_volume

nib = pytest.importorskip("nibabel")

ORIENTATIONS = [
    "".join(axes) for order in itertools.permutations(("RL", "AP", "SI")) for axes in itertools.product(*order)
]


def world_of(affine, index):
    return (affine @ [*index, 1.0])[:3]


# --- reading ---


def test_the_phantom_is_read_in_cm_with_its_tumour(phantom, tmp_path):
    image = read_image(phantom.write(tmp_path / "labels.nii.gz", phantom.labels), [1, 4])
    assert np.array_equal(image.density_map, np.isin(phantom.labels, (1, 4)))
    assert image.lengths_cm == pytest.approx((2.0, 2.4, 2.4))
    assert image.shape == phantom.shape
    assert (image.tissue, image.mask, image.negative_map) == (None, None, None)
    voxel_cm3 = np.prod(image.lengths_cm) / np.prod(image.shape)
    assert image.density_map.sum() * voxel_cm3 == pytest.approx(4 / 3 * np.pi * 0.5 * 0.6 * 0.7, rel=0.05)


def test_which_labels_are_tumour_is_an_argument(phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels)
    for labels in ([1], [4], (2,), {1, 2}):
        assert np.array_equal(read_image(path, labels).density_map, np.isin(phantom.labels, list(labels)))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_way_of_storing_gives_the_same_patient(orientation, phantom, tmp_path):
    files = {
        name: phantom.write(tmp_path / f"{name}.nii", values, orientation=orientation, dtype=kind)
        for name, values, kind in (
            ("labels", phantom.labels, "uint8"),
            ("tissue", phantom.tissue, "float32"),
            ("mask", phantom.mask, "uint8"),
        )
    }
    image = read_image(files["labels"], [1, 4], files["tissue"], files["mask"])
    assert np.array_equal(image.density_map, np.isin(phantom.labels, (1, 4)))
    assert np.allclose(image.tissue, phantom.tissue, rtol=1e-6)
    assert np.array_equal(image.mask, phantom.mask)
    assert image.lengths_cm == pytest.approx((2.0, 2.4, 2.4))
    assert np.allclose(image.affine, phantom.affine, atol=1e-4)


def test_maps_may_be_stored_in_another_order_than_the_labels(phantom, tmp_path):
    labels = phantom.write(tmp_path / "labels.nii", phantom.labels, orientation="LPS")
    tissue = phantom.write(tmp_path / "tissue.nii", phantom.tissue, orientation="SAR", dtype="float64")
    assert np.array_equal(read_image(labels, [1], tissue).tissue, phantom.tissue)


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1.0), ("meter", 1e-3), ("micron", 1e3)])
def test_units_are_converted_once(unit, factor, phantom, tmp_path):
    def in_unit(image):
        affine = image.affine.copy()
        affine[:3] *= factor
        changed = nib.Nifti1Image(np.asarray(image.dataobj), affine)
        changed.header.set_xyzt_units(unit)
        return changed

    path = phantom.write(tmp_path / "labels.nii", phantom.labels, change=in_unit)
    image = read_image(path, [1])
    assert image.lengths_cm == pytest.approx((2.0, 2.4, 2.4), rel=1e-6)
    assert np.allclose(image.affine, phantom.affine, atol=1e-4)
    write_like(image, image.density_map, tmp_path / "back.nii")
    assert nib.load(tmp_path / "back.nii").header.get_xyzt_units()[0] == unit


def test_scaled_values_are_read_as_meant(phantom, tmp_path):
    def scale(image):
        image.header.set_slope_inter(0.5, 0.25)

    path = phantom.write(tmp_path / "tissue.nii", np.full(phantom.shape, 3), change=scale)
    assert np.all(read_volume(path).values == 0.5 * 3 + 0.25)


def rotated(image, angle=0.3):
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    changed = nib.Nifti1Image(np.asarray(image.dataobj), turn @ image.affine)
    changed.header.set_xyzt_units("mm")
    return changed


def test_an_oblique_image_keeps_its_box_and_its_affine(phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels, change=rotated)
    image = read_image(path, [1, 4])
    assert image.lengths_cm == pytest.approx((2.0, 2.4, 2.4))
    write_like(image, image.density_map, tmp_path / "back.nii")
    assert np.allclose(nib.load(tmp_path / "back.nii").affine, nib.load(path).affine, atol=1e-6)


# --- writing back ---


@pytest.mark.parametrize("orientation", ["RAS", "LPS", "SAR", "PIL"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_result_lies_where_the_image_lay(orientation, ending, phantom, tmp_path):
    path = phantom.write(tmp_path / f"labels{ending}", phantom.labels, orientation=orientation)
    image = read_image(path, [1, 4])
    write_like(image, image.density_map, tmp_path / f"back{ending}")
    before, after = nib.load(path), nib.load(tmp_path / f"back{ending}")
    assert np.array_equal(after.affine, before.affine)
    assert np.array_equal(np.asarray(after.dataobj), np.isin(np.asarray(before.dataobj), (1, 4)))
    header = after.header
    assert int(header["qform_code"]) == int(header["sform_code"]) == int(before.header["sform_code"])
    assert np.allclose(header.get_qform(), header.get_sform(), atol=1e-4)
    assert header.get_xyzt_units()[0] == "mm"
    assert b"Research use only" in bytes(header["descrip"])


def test_the_original_code_is_kept(phantom, tmp_path):
    def in_mni(image):
        image.set_sform(image.affine, 4)
        image.set_qform(image.affine, 0)

    image = read_image(phantom.write(tmp_path / "labels.nii", phantom.labels, change=in_mni), [1])
    write_like(image, image.density_map, tmp_path / "back.nii")
    header = nib.load(tmp_path / "back.nii").header
    assert (int(header["qform_code"]), int(header["sform_code"])) == (4, 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_result_keeps_its_precision(dtype, phantom, tmp_path):
    image = read_image(phantom.write(tmp_path / "labels.nii", phantom.labels), [1])
    field = np.random.default_rng(0).random(image.shape).astype(dtype)
    write_like(image, field, tmp_path / "back.nii.gz")
    assert np.array_equal(read_volume(tmp_path / "back.nii.gz").values, field)


def test_a_result_on_other_voxels_returns_to_the_images_own(phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels, orientation="LPI")
    image = read_image(path, [1, 4], shape=(10, 16, 24))
    x, y, z = np.meshgrid(*(np.arange(n) for n in image.shape), indexing="ij")
    world = (
        np.einsum("ij,jxyz->ixyz", image.affine[:3, :3], np.stack([x, y, z])) + image.affine[:3, 3, None, None, None]
    )
    write_like(image, world[1], tmp_path / "back.nii")  # every voxel holds its own world coordinate, mm
    back = nib.load(tmp_path / "back.nii")
    assert back.shape == nib.load(path).shape
    index = (7, 5, 6)
    assert np.asarray(back.dataobj)[index] == pytest.approx(world_of(back.affine, index)[1], abs=1e-4)


def test_what_cannot_be_written_is_refused(phantom, tmp_path):
    image = read_image(phantom.write(tmp_path / "labels.nii", phantom.labels), [1])
    with pytest.raises(BadInput, match=r"\.nii or \.nii\.gz"):
        write_like(image, image.density_map, tmp_path / "back.mha")
    with pytest.raises(BadInput, match="differ in shape"):
        write_like(image, image.density_map[1:], tmp_path / "back.nii")
    with pytest.raises(StorageFailure, match="cannot write the image"):
        write_like(image, image.density_map, tmp_path / "nowhere" / "back.nii")


# --- other voxels ---


def test_a_working_shape_keeps_volume_place_and_domain(phantom, tmp_path):
    files = [
        phantom.write(tmp_path / "labels.nii", phantom.labels),
        phantom.write(tmp_path / "tissue.nii", phantom.tissue, dtype="float64"),
        phantom.write(tmp_path / "mask.nii", phantom.mask),
    ]
    fine = read_image(files[0], [1, 4], *files[1:])
    coarse = read_image(files[0], [1, 4], *files[1:], shape=(8, 8, 8))
    assert coarse.lengths_cm == fine.lengths_cm
    assert coarse.shape == coarse.density_map.shape == coarse.tissue.shape == coarse.mask.shape == (8, 8, 8)
    assert coarse.density_map.mean() == pytest.approx(fine.density_map.mean(), rel=1e-12)
    for image in (fine, coarse):
        centre = np.array([np.average(i, weights=image.density_map) for i in np.indices(image.shape)])
        assert world_of(image.affine, centre) == pytest.approx(
            np.add(phantom.centre, phantom.origin_mm) - phantom.spacing / 2, abs=0.2
        )
    assert np.all(coarse.mask[coarse.density_map > 0])
    assert coarse.mask.dtype == bool
    assert coarse.tissue.mean() == pytest.approx(fine.tissue.mean())


# --- refusals ---


def refusal(path, *args, **kwargs):
    with pytest.raises(BadInput) as caught:
        read_image(path, *args, **kwargs)
    assert str(path) in str(caught.value) or "tumour_labels" in str(caught.value)
    return str(caught.value)


def without_units(image):
    image.header["xyzt_units"] = 0


def odd_units(image):
    image.header["xyzt_units"] = 5


def nowhere(image):
    image.set_sform(None, 0)
    image.set_qform(None, 0)


def with_affine(entry, value):
    def change(image):
        affine = image.affine.copy()
        affine[entry] = value
        image.set_sform(affine, 1)
        image.set_qform(None, 0)

    return change


def other_widths(image):
    image.header["pixdim"][1] = 1.2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_units, "does not say its unit of length; got 'unknown'"),
        (odd_units, "does not say its unit of length; got 'code 5'"),
        (nowhere, "does not say where it lies"),
        (with_affine((slice(3), 0), 0.0), "singular"),
        (with_affine((slice(3), 0), [0.0, 1.5, 0.0]), "singular"),
        (with_affine((0, 1), 0.6), "sheared"),
        (with_affine((0, 3), np.nan), "not finite"),
        (with_affine((0, 0), np.inf), "not finite"),
        (other_widths, "voxel widths and affine of this image disagree"),
    ],
)
def test_geometry_that_cannot_be_trusted_is_refused(change, said, phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels, change=change)
    assert said in refusal(path, [1])


def test_labels_that_are_none_are_refused(phantom, tmp_path):
    values = phantom.labels.astype(float)
    values[3, 3, 3] = 0.5
    path = phantom.write(tmp_path / "labels.nii", values, dtype="float32")
    assert "labels must be whole numbers; got 0.5" in refusal(path, [1])
    values[3, 3, 3] = np.nan
    phantom.write(path, values, dtype="float32")
    assert "labels must be whole numbers; got nan" in refusal(path, [1])


def test_an_image_without_tumour_is_refused_with_the_labels_it_has(phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels)
    message = refusal(path, [3, 7])
    assert "no voxel bears a tumour label; got (3, 7)" in message
    assert "among [0, 1, 2, 4]" in message
    for labels in ([], ["one"], [1.5]):
        assert "which labels mean tumour?" in refusal(path, labels)


def test_files_that_do_not_lie_on_one_grid_are_refused(phantom, tmp_path):
    labels = phantom.write(tmp_path / "labels.nii", phantom.labels)

    def shifted(image):
        affine = image.affine.copy()
        affine[1, 3] += 0.5
        return nib.Nifti1Image(np.asarray(image.dataobj), affine, image.header)

    for change, values, said in (
        (shifted, phantom.mask, "lie in different places"),
        (None, phantom.mask[:-1], "differ in shape"),
        (lambda image: rotated(image, 0.02), phantom.mask, "lie in different places"),
    ):
        other = phantom.write(tmp_path / "other.nii", values, change=change)
        for place in ("tissue_file", "mask_file"):
            with pytest.raises(BadInput, match=said) as caught:
                read_image(labels, [1, 4], **{place: other})
            assert str(other) in str(caught.value)
            assert str(labels) in str(caught.value)


@pytest.mark.parametrize(("value", "said"), [(-0.5, "got -0.5"), (np.nan, "got nan"), (np.inf, "got inf")])
def test_a_tissue_map_of_wrong_numbers_is_refused(value, said, phantom, tmp_path):
    labels = phantom.write(tmp_path / "labels.nii", phantom.labels)
    values = phantom.tissue
    values[2, 2, 2] = value
    tissue = phantom.write(tmp_path / "tissue.nii", values, dtype="float32")
    with pytest.raises(BadInput, match=f"not a map of relative diffusion; {said}"):
        read_image(labels, [1], tissue)


def test_maps_that_are_empty_are_refused(phantom, tmp_path):
    labels = phantom.write(tmp_path / "labels.nii", phantom.labels)
    empty = phantom.write(tmp_path / "empty.nii", np.zeros(phantom.shape))
    with pytest.raises(BadInput, match="not a map of relative diffusion"):
        read_image(labels, [1], tissue_file=empty)
    with pytest.raises(BadInput, match="not a mask"):
        read_image(labels, [1], mask_file=empty)


def test_tumour_outside_the_mask_is_refused(phantom, tmp_path):
    labels = phantom.write(tmp_path / "labels.nii", phantom.labels)
    mask = phantom.write(tmp_path / "mask.nii", phantom.labels != 4)
    with pytest.raises(BadInput, match=f"{np.count_nonzero(phantom.labels == 4)} tumour voxels lie outside the mask"):
        read_image(labels, [1, 4], mask_file=mask)


def test_what_is_no_image_of_numbers_is_refused(phantom, tmp_path):
    labels = phantom.labels
    four = tmp_path / "four.nii"
    image = nib.Nifti1Image(np.stack([labels] * 2, axis=-1).astype("int16"), phantom.affine)
    image.header.set_xyzt_units("mm")
    image.to_filename(four)
    assert "this image is 4-D" in refusal(four, [1])
    colours = np.zeros(phantom.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    rgb = nib.Nifti1Image(colours, phantom.affine)
    rgb.header.set_xyzt_units("mm")
    rgb.to_filename(tmp_path / "rgb.nii")
    assert "does not hold plain numbers" in refusal(tmp_path / "rgb.nii", [1])
    nib.MGHImage(labels.astype("int32"), phantom.affine).to_filename(tmp_path / "labels.mgz")
    assert "no NIfTI" in refusal(tmp_path / "labels.mgz", [1])
    (tmp_path / "text.nii").write_text("not an image")
    assert "cannot be read as an image" in refusal(tmp_path / "text.nii", [1])
    assert "no such file" in refusal(tmp_path / "nowhere.nii", [1])
    assert "no such file" in refusal(tmp_path, [1])


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.95])
def test_a_truncated_image_is_refused(ending, share, phantom, tmp_path):
    path = phantom.write(tmp_path / f"labels{ending}", phantom.labels)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    message = refusal(path, [1])
    assert "cannot be read as an image" in message or "cut short or damaged" in message


def test_a_damaged_compressed_image_is_refused(phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii.gz", phantom.labels)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises((EOFError, OSError, gzip.zlib.error)):
        gzip.decompress(bytes(whole))
    message = refusal(path, [1])
    assert "cannot be read as an image" in message or "cut short or damaged" in message


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 0), (8, 8, 8, 8)])
def test_a_working_shape_must_be_one(shape, phantom, tmp_path):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels)
    with pytest.raises(BadInput, match="not the shape of a 3-D grid"):
        read_image(path, [1], shape=shape)


def test_without_nibabel_it_says_how_to_install_it(phantom, tmp_path, monkeypatch):
    path = phantom.write(tmp_path / "labels.nii", phantom.labels)
    monkeypatch.setattr(nifti, "nib", None)
    with pytest.raises(BadInput, match=r"pip install 'oncotwin\[images\]'"):
        read_image(path, [1])
