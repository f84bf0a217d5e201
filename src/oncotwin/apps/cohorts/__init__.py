"""Cohorts at the command line: checked, described, made of virtual patients."""
