"""Control of the dosing twins: tasks, controllers by name, one run, comparisons, environments."""
