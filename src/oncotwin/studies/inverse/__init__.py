"""The inverse problem: what outcomes say of a patient's latents, and what they cannot."""
