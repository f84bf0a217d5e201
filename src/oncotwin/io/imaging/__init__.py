"""Images in files: NIfTI volumes in and out, and onto the grid of a run."""
