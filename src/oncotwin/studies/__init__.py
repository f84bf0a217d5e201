"""Studies: what is learnt of models from data, of patients from cohorts, of controllers from comparison."""
