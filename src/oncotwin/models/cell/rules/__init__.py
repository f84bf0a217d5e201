"""The rules of the virtual cell in PySB; only rebuilding the network needs this package, and the extra `pysb`."""
