"""Controllers: rules, optimisers and learnt policies that decide what is given, and when."""
