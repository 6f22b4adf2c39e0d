"""Runs killed at any moment and at any write, then resumed: `python -m tests.faults --kills 200`."""
