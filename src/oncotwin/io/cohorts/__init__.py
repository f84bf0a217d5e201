"""Cohorts in files: patients, margins, the latents of synthetic patients, inverse problems."""
