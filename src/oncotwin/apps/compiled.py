"""Compiled code is kept between runs, so that a second run starts at once."""

import os
from pathlib import Path

import jax

_LEAST_SECONDS = 0.2


def keep_compiled() -> str:
    """Switch on JAX's persistent compilation cache in the user's cache folder; what was done, for the log.

    The environment variable JAX_COMPILATION_CACHE_DIR goes before.  A folder that cannot be written means no cache.
    """
    if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return f"kept in {os.environ['JAX_COMPILATION_CACHE_DIR']}"
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(home) if home else Path.home() / ".cache") / "oncotwin"
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, RuntimeError) as error:
        return f"not kept: {error}"
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _LEAST_SECONDS)
    return f"kept in {folder}"
