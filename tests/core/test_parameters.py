"""Parameters: bounds, presets, the table, and what JAX may do with them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin import Parameters, param
from oncotwin.errors import BadInput


class Pendulum(Parameters):
    """A family of two."""

    length: jax.Array = param(
        1.0, "m", bounds=(0.1, 10), scope="patient", source="a ruler", doc="Pivot to bob.", symbol="l"
    )
    damping: jax.Array = param(0.2, "1/s", bounds=(0, 5), source="uncalibrated")

    presets = {"light": {}, "heavy": {"damping": 0.5}}  # noqa: RUF012


class TestValues:
    def test_defaults_and_presets(self) -> None:
        assert Pendulum() == Pendulum.preset("light")
        assert Pendulum.preset("heavy").damping == 0.5
        assert Pendulum.preset("heavy").length == 1.0

    def test_unknown_preset_names_the_nearest(self) -> None:
        with pytest.raises(BadInput, match=r"Pendulum: unknown preset; got 'heavi'. Did you mean 'heavy'\?"):
            Pendulum.preset("heavi")

    def test_nothing_changes_after_construction(self) -> None:
        first = Pendulum()
        longer = first.with_values(length=2.0)
        assert (first.length, longer.length) == (1.0, 2.0)
        with pytest.raises(AttributeError):
            first.length = 3.0

    def test_unknown_name_names_the_nearest(self) -> None:
        with pytest.raises(BadInput, match="unknown parameter; got 'lenght'. Did you mean 'length'"):
            Pendulum().with_values(lenght=2.0)

    @pytest.mark.parametrize("value", [0.1, 10, np.float32(3), jnp.asarray([0.1, 10.0])])
    def test_bounds_are_inclusive(self, value: object) -> None:
        assert Pendulum(length=value).length is value

    @pytest.mark.parametrize(
        "value", [0.0999, 11, float("nan"), float("inf"), np.array([1.0, -1.0]), jnp.asarray(20.0)]
    )
    def test_outside_the_bounds(self, value: object) -> None:
        with pytest.raises(BadInput, match=r"length = .* m lies outside \[0.1, 10\] \(Pendulum\)") as failure:
            Pendulum(length=value)
        assert "Pivot to bob. Was it given in m?" in str(failure.value)

    def test_unknown_scope(self) -> None:
        with pytest.raises(BadInput, match="unknown parameter scope; got 'world'; allowed: population, patient"):
            param(1.0, "m", bounds=(0, 1), scope="world", source="none")


class TestTable:
    def test_one_row_a_parameter(self) -> None:
        first, second = Pendulum.preset("heavy").table()
        assert first == {
            "name": "length",
            "symbol": "l",
            "value": 1.0,
            "unit": "m",
            "bounds": (0.1, 10),
            "scope": "patient",
            "source": "a ruler",
            "doc": "Pivot to bob.",
        }
        assert (second["symbol"], second["scope"], second["value"]) == ("damping", "population", 0.5)

    def test_printed(self) -> None:
        text = repr(Pendulum())
        assert text.startswith("Pendulum:\n")
        assert "[0.1, 10] patient; a ruler" in text
        assert repr(Pendulum(length=jnp.asarray([1.0, 2.0]))).count("[1. 2.]") == 1


class TestPytree:
    @staticmethod
    def energy(p: Pendulum) -> jax.Array:
        return -30.0 * p.length + p.damping**2

    def test_leaves_in_order_of_declaration(self) -> None:
        paths, _ = jax.tree_util.tree_flatten_with_path(Pendulum())
        assert [(jax.tree_util.keystr(path), leaf) for path, leaf in paths] == [(".length", 1.0), (".damping", 0.2)]

    def test_gradient_is_not_held_to_the_bounds(self) -> None:
        slope = jax.grad(self.energy)(Pendulum())
        assert (float(slope.length), float(slope.damping)) == (-30.0, pytest.approx(0.4))
        difference = jax.tree.map(lambda a, b: a - b, Pendulum(), Pendulum(length=2.0))
        assert difference.length == -1.0

    def test_batch(self) -> None:
        batch = Pendulum(length=jnp.asarray([1.0, 2.0]), damping=jnp.asarray([0.0, 1.0]))
        assert jax.vmap(self.energy)(batch).tolist() == [-30.0, -59.0]

    def test_jit_takes_a_new_value_without_compiling_anew(self) -> None:
        compiled = jax.jit(self.energy)
        assert float(compiled(Pendulum())) == pytest.approx(-29.96)
        assert float(compiled(Pendulum(length=2.0))) == pytest.approx(-59.96)
        assert compiled._cache_size() == 1

    def test_traced_values_pass(self) -> None:
        assert float(jax.jit(lambda x: self.energy(Pendulum().with_values(length=x)))(100.0)) == pytest.approx(-2999.96)
