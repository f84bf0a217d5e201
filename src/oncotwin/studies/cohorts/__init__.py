"""Cohorts: described, and made with a trial's margins."""
