"""Arrays in, arrays out: elementary functions, grids, heat and drift propagators, step control, flux balance."""
