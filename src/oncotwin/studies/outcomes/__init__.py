"""Outcomes of patients: classified, described, compared."""
