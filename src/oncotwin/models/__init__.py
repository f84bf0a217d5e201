"""The laws: one folder a family; families never import one another."""
