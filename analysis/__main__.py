"""`python -m analysis`."""

import gc
import sys

from analysis.cli import main

if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 100)  # millions of records may live to the end: the old are seldom walked through
    sys.exit(main(sys.argv[1:]))
