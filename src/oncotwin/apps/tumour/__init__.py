"""The tumour twin as an application: set up, run, drawn, reported, compared."""
