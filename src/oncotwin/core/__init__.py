"""The contracts: parameters, model, task, controller, trajectory, rollout, cohort, endpoints."""
