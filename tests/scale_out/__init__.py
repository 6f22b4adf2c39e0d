"""Engines that are not on every machine: run by run.sh, which starts and stops them."""
