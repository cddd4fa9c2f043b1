"""`python -m podion` is `podion`."""

from podion.cli.main import run

if __name__ == "__main__":
    run()
