"""`python -m oncotwin`: the command line."""

from oncotwin.apps.cli.main import main

if __name__ == "__main__":
    main()
