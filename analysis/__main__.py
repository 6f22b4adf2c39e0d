"""`python -m analysis`."""

import gc
import sys

from analysis.cli import main

if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 100)  # millions of records may live to the end: the old are seldom walked through
    code = main(sys.argv[1:])
    gc.freeze()  # the process ends: nothing is walked through once more to be given back piece by piece
    sys.exit(code)
