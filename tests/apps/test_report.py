"""The report of a run: complete, self-contained, escaped, honest about what is missing."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from oncotwin.apps.citations import PAPERS, SOURCES
from oncotwin.apps.figures import main
from oncotwin.apps.tumour.gallery import PICTURES
from oncotwin.apps.tumour.report import constants, write_report
from oncotwin.apps.tumour.summary import MEANINGS, summarise
from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.fields import FrameStore
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.models.tumour3d import TumourParameters

LEDGER = {
    field: {"start": 0.25, "kill": -1e-5, "turnover": 0.0, "arrivals": 0.0, "transport": 1e-17, "closure": 4e-17}
    for field in ("C", "E", "T_A", "T_B", "S", "A", "H")
}


class Page(HTMLParser):
    """Every tag of a page with its attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def run_dir(tmp_path, synthetic):
    """A finished run with a name, a spec and figures of its own."""
    folder = tmp_path / "run <i>&amp; 1"
    (folder / "figures").mkdir(parents=True)
    write_spec(folder / "spec.toml", resolve(None, ("parameters.gamma=0.75", "latents.exh=0.9"), TumourParameters))
    summary = {
        "status": "done",
        **summarise(synthetic(days=60, shape=(10,)), (Infusion(0.0, 2.5e8),)),
        "preset": "normalised",
        "scheme": "accurate",
        "steps": 165,
        "rejected_steps": 2,
        "wall_seconds": 12.5,
        "ledger": LEDGER,
        "version": "0.1.0",
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    for file in ("courses.png", "animation.gif"):
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(folder / "figures" / file)
    return folder


def page_of(run_dir):
    return Page(write_report(run_dir).read_text(encoding="utf-8"))


def test_the_report_loads_nothing_from_anywhere(run_dir):
    text = write_report(run_dir).read_text(encoding="utf-8")
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "base",
        "source",
        "video",
    }
    for tag, attrs in page.tags:
        loaded = [attrs[name] for name in ("src", "srcset", "data", "background") if name in attrs]
        assert all(tag == "img" and value.startswith("data:image/") for value in loaded)
        assert not any(name.startswith("on") for name in attrs)
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style


def test_the_figures_are_in_the_report_with_their_captions(run_dir):
    page = page_of(run_dir)
    files = ("courses.png", "animation.gif")
    inlined = [base64.b64decode(image["src"].partition(",")[2]) for image in page.all("img")]
    assert inlined == [(run_dir / "figures" / file).read_bytes() for file in files]
    assert [image["src"].partition(";")[0] for image in page.all("img")] == ["data:image/png", "data:image/gif"]
    shown = [picture for picture in PICTURES if picture.file in files]
    assert [image["alt"] for image in page.all("img")] == [picture.title for picture in shown]
    assert all(picture.caption in page.words for picture in shown)


def test_every_endpoint_visit_and_infusion_is_in_the_report(run_dir):
    words = page_of(run_dir).words
    assert all(meaning.label in words for meaning in MEANINGS.values())
    assert words.count("PR") >= 2  # best response, and its visit
    assert "−" in words
    assert "2.5 × 10⁸" in words
    assert "intravenous" in words


def test_every_parameter_is_listed_and_what_differs_from_the_preset_is_marked(run_dir):
    spec = resolve(run_dir / "spec.toml", (), TumourParameters)
    rows = {row.name: row for row in constants(spec)}
    assert set(rows) == {info.name for info in TumourParameters.about()}
    assert (rows["gamma"].value, rows["gamma"].preset) == ("0.75", "1.5")
    assert rows["k_e0"].preset != ""  # moved by the latent
    assert rows["D_C"].preset == ""
    assert rows["D_C"].unit == "cm²/day"
    page = page_of(run_dir)
    changed = sum(attrs.get("class") == "changed" for attrs in page.all("tr"))
    assert changed == sum(row.preset != "" for row in rows.values())
    assert all(row.source in page.words and row.doc in page.words for row in rows.values())


def test_ledger_numerics_spec_and_citations_are_in_the_report(run_dir):
    words = page_of(run_dir).words
    assert words.count("4 × 10⁻¹⁷") == len(LEDGER)
    assert "165" in words
    assert (run_dir / "spec.toml").read_text(encoding="utf-8") in words
    assert all(citation.text in words and citation.doi in words for citation in (*PAPERS, *SOURCES))


def test_the_notice_stands_at_the_top_and_at_the_foot(run_dir):
    words = page_of(run_dir).words
    assert words.index("Research use only") < words.index("Summary")
    assert words.rindex("Research use only") > words.index("Numbers and definitions")


def test_names_are_escaped(run_dir):
    text = write_report(run_dir).read_text(encoding="utf-8")
    assert "run <i>" not in text
    assert "run &lt;i&gt;&amp;amp; 1" in text


def test_a_report_without_figures_and_with_undefined_endpoints_says_so(run_dir):
    for file in (run_dir / "figures").iterdir():
        file.unlink()
    summary = json.loads((run_dir / "summary.json").read_text(encoding="utf-8"))
    summary |= dict.fromkeys(("c_max", "t_max_days", "crs_grade"))
    (run_dir / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    page = page_of(run_dir)
    assert not page.all("img")
    assert "None was drawn" in page.words
    assert page.words.count("–") >= 6  # in the tiles and in the table


def test_a_run_that_cannot_be_reported_is_refused(run_dir):
    (run_dir / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(StorageFailure, match="damaged"):
        write_report(run_dir)
    (run_dir / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StorageFailure, match="not the summary"):
        write_report(run_dir)
    (run_dir / "summary.json").unlink()
    with pytest.raises(StorageFailure, match="summary"):
        write_report(run_dir)
    with pytest.raises((BadInput, StorageFailure)):
        write_report(run_dir / "nowhere")


def test_figures_are_drawn_again_from_a_run_directory(run_dir, synthetic, capsys):
    run = synthetic(days=20, shape=(24,))
    store = FrameStore.create(
        run_dir / "results.zarr",
        axes={"x": run["x"].values},
        times=run["time"].values,
        field_units={n: (run[n].attrs["units"], run[n].attrs["long_name"]) for n in run if run[n].ndim == 2},
        observation_meta={n: (run[n].attrs["units"], run[n].attrs["long_name"]) for n in run if run[n].ndim == 1},
    )
    for index in range(run.sizes["time"]):
        frame = run.isel(time=index)
        store.append(
            index,
            {n: frame[n].values for n in store.layout.fields},
            {n: float(frame[n]) for n in store.layout.observables},
        )
    assert main([str(run_dir)]) == 0
    drawn = capsys.readouterr().out.split("\n")[:-1]
    assert drawn == [str(run_dir / "figures" / file) for file in ("courses.png", "profiles.png")]
    assert main([str(run_dir / "nowhere")]) == 2
    assert main([]) == 2
    assert "one run directory is needed" in capsys.readouterr().err
