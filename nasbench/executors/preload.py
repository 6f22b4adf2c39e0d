"""Imported by the server that worker processes are forked from, and by nothing else: what is slow to import.

Signals that a terminal or a scheduler sends to all processes are not for the server, whose end would be theirs; workers
take up those that they listen to.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)

from nasbench.estimators import standard, weight_sharing  # noqa: E402
from nasbench.executors import worker  # noqa: E402

__all__ = ["standard", "weight_sharing", "worker"]
