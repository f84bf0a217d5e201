"""Where the parts meet: the catalogue of models, the run engine, figures, reports and the command line."""
