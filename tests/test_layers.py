"""The layer rule, read off the imports: errors -> numerics -> core -> {models | control | studies | io} -> apps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "oncotwin"
MODULES = sorted(SOURCE.rglob("*.py"))
RANK = {"errors": 0, "numerics": 1, "core": 2, "": 3, "models": 4, "control": 4, "studies": 4, "io": 4, "apps": 5}
OUTSIDE_WORLD = {"os", "pathlib", "shutil", "tempfile", "time", "datetime", "logging", "socket", "subprocess", "signal"}


def place(module: str) -> tuple[str, str]:
    """Layer and, inside models, family of a dotted name; the package itself stands between core and the siblings."""
    _, layer, family = [*module.split("."), "", ""][:3]
    return ("apps" if layer == "__main__" else layer), (family if layer == "models" else "")


def may_import(importer: str, imported: str) -> bool:
    """Whether one module of oncotwin may import another."""
    here, there = place(importer), place(imported)
    return here == there or RANK[there[0]] < RANK[here[0]]


def imports(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that a syntax tree imports; of `from a import b` both a and, if it is a module, a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            within = SOURCE.parent.joinpath(*node.module.split("."))
            modules = [a.name for a in node.names if (within / a.name).is_dir() or (within / f"{a.name}.py").is_file()]
            yield from [f"{node.module}.{name}" for name in modules] or [node.module]


@pytest.mark.parametrize("file", MODULES, ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_imports_go_up_the_layers(file):
    name = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    ours = {m for m in imports(tree) if m.split(".")[0] == "oncotwin"}
    assert [m for m in ours if not may_import(name, m)] == []
    assert "TYPE_CHECKING" not in ast.dump(tree)
    if place(name)[0] not in ("io", "apps"):
        assert {m.split(".")[0] for m in imports(tree)} & OUTSIDE_WORLD == set()
    if not name.startswith("oncotwin.apps.cli."):
        inside = [f for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
        assert [m for f in inside for m in imports(f)] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("oncotwin.core.task", "oncotwin.models.tumour3d"),
        ("oncotwin.core.task", "oncotwin"),
        ("oncotwin.io.specs.tumour", "oncotwin.models.tumour3d.parameters"),
        ("oncotwin.models.culture.dynamics", "oncotwin.models.tumour3d.parameters"),
        ("oncotwin.control.schedule", "oncotwin.apps.catalogue"),
    ],
)
def test_the_rule_refuses(importer, imported):
    assert not may_import(importer, imported)
    assert may_import("oncotwin.apps.cli.main", imported)
