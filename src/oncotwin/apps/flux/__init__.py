"""Flux balance as an application: a network's question answered, and fluxes on a pathway map."""
