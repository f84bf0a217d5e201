"""Files in, files out: specs, run directories, images, fields, checkpoints, manifests."""
