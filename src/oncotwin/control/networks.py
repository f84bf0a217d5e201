"""Small networks in single precision, and the controllers made of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from oncotwin.control.decisions import Decisions
from oncotwin.core.controller import Decision, Status
from oncotwin.errors import BadInput

IMPOSSIBLE = -1e9
"""Value of a level that is not allowed."""


class Layer(NamedTuple):
    """y = W x + b.  weight: (out, in).  bias: (out,)."""

    weight: jax.Array
    bias: jax.Array


class Mlp(eqx.Module):
    """Layers with rectified linear units between them; all its leaves are arrays."""

    layers: tuple[Layer, ...]

    def __call__(self, x: jax.Array) -> jax.Array:
        """The output, (out,), of an input (in,)."""
        x = x.astype(jnp.float32)
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer.weight @ x + layer.bias)
        return self.layers[-1].weight @ x + self.layers[-1].bias

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of the input, of each hidden layer, of the output."""
        return (self.layers[0].weight.shape[-1], *(layer.weight.shape[-2] for layer in self.layers))


def mlp(sizes: Sequence[int], key: jax.Array, *, last: float = 1.0) -> Mlp:
    """Weights drawn as He et al. (2015) do, biases zero.  last: factor on the last layer's weights."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise BadInput("a network needs an input and an output", where="mlp", got=tuple(sizes))
    layers = []
    for number, (narrow, wide) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        scale = (2.0 / narrow) ** 0.5 * (last if number == len(sizes) - 2 else 1.0)
        weight = scale * jax.random.normal(jax.random.fold_in(key, number), (wide, narrow), jnp.float32)
        layers.append(Layer(weight, jnp.zeros(wide, jnp.float32)))
    return Mlp(tuple(layers))


def masked(values: jax.Array, allowed: jax.Array) -> jax.Array:
    """Values of levels (m,), those not allowed far below all others."""
    return jnp.where(allowed, values, jnp.asarray(IMPOSSIBLE, values.dtype))


class Adam(NamedTuple):
    """Adam (Kingma and Ba 2015) on a clipped gradient.  rate: of learning.  clip: greatest norm of the gradient.

    Optax counts steps in integers beside single precision, so its promotion of types is its own.
    """

    rate: float
    clip: float

    def start(self, network: Any) -> Any:
        """The moments of a network whose leaves are arrays."""
        return self._transformation().init(network)

    def update(self, network: Any, slope: Any, moments: Any) -> tuple[Any, Any]:
        """The network a step down its slope, and the moments."""
        with jax.numpy_dtype_promotion("standard"):
            change, moments = self._transformation().update(slope, moments, network)
            return optax.apply_updates(network, change), moments

    def _transformation(self) -> optax.GradientTransformation:
        return optax.chain(optax.clip_by_global_norm(self.clip), optax.adam(self.rate))


class LevelPolicy(eqx.Module):
    """The allowed level of greatest output; ties go to the first.

    network: features -> (m,).  safe: the action for an observation whose features are not finite, which the status
    calls BAD_OBSERVATION.  An output that is not allowed and would have been chosen makes the status LIMITED.
    """

    network: Mlp
    decisions: Decisions
    safe: Any

    def start(self) -> tuple[()]:
        """Nothing is remembered."""
        return ()

    def act(self, observation: Any, memory: tuple[()]) -> Decision:
        """The greedy level."""
        features = self.decisions.features(observation)
        seen = jnp.all(jnp.isfinite(features))
        values = self.network(jnp.where(jnp.isfinite(features), features, 0.0))
        best = jnp.argmax(masked(values, self.decisions.may(observation)))
        status = jnp.where(best == jnp.argmax(values), int(Status.DECIDED), int(Status.LIMITED))
        return _decision(self.decisions.level(best), self.safe, seen, status, memory)


class SharePolicy(eqx.Module):
    """Settings between two bounds, mended where they would break a limit.

    network: features -> (k,), whose logistic is each number's share of the way from the least to the greatest.  safe:
    as of `LevelPolicy`.
    """

    network: Mlp
    decisions: Decisions
    safe: Any

    def start(self) -> tuple[()]:
        """Nothing is remembered."""
        return ()

    def act(self, observation: Any, memory: tuple[()]) -> Decision:
        """The action of the settings at the shares that the network gives."""
        features = self.decisions.features(observation)
        seen = jnp.all(jnp.isfinite(features))
        output = self.network(jnp.where(jnp.isfinite(features), features, 0.0))
        wanted = self.decisions.between(jax.nn.sigmoid(output).astype(float))
        mended = self.decisions.mend(observation, wanted)
        apart = [jnp.any(a != b) for a, b in zip(jax.tree.leaves(mended), jax.tree.leaves(wanted), strict=True)]
        status = jnp.where(jnp.any(jnp.stack(apart)), int(Status.LIMITED), int(Status.DECIDED))
        return _decision(self.decisions.enact(mended), self.safe, seen, status, memory)


def _decision(action: Any, safe: Any, seen: jax.Array, status: jax.Array, memory: Any) -> Decision:
    """The action, or the safe one where the observation cannot be used."""
    chosen = jax.tree.map(lambda a, b: jnp.where(seen, a, b), action, safe)
    return Decision(chosen, memory, jnp.where(seen, status, int(Status.BAD_OBSERVATION)))
