"""The command line: one module a topic, put together in `main`."""
