"""`python -m nasbench`."""

import sys

from nasbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
