"""Networks in files: metabolic ones as SBML and JSON, reaction networks, maps, tables of signals."""
