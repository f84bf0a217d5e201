"""Latents from features: learners, protocols, and tests that nothing leaks."""
