"""Cultures in files: protocols and their timelines, sensor logs."""
