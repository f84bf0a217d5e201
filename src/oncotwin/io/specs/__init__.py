"""Specs of runs: what a document may hold, read strictly, resolved, explained."""
