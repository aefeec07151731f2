"""Runs a program and ends it when the process that started this one is gone; standard library only, any system.

The parent keeps our standard input open. Its end, whatever ends the parent, closes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

STOP_S = 10


def main(command: list[str]) -> int:
    """Run the command until it ends or standard input closes; returns its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    return child.wait()


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
