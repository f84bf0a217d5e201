"""The virtual cell as an application: a run, its figure, its network."""
