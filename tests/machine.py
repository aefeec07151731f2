"""Makes the machine ready for the tests: Chromium, its driver and Mosquitto from Debian's packages.

As root the missing ones are installed; otherwise this ends with the exact command to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver", "mosquitto": "mosquitto"}


def missing() -> list[str]:
    """Debian packages whose program is not found."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    return [package for program, package in PACKAGES.items() if shutil.which(program, path=path) is None]


def main() -> int:
    """Install what is missing, or say how."""
    wanted = missing()
    if not wanted:
        return 0
    install = ["apt-get", "install", "-y", "--no-install-recommends", *wanted]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(f"The tests need {', '.join(wanted)}. On Debian or Ubuntu run:\n  sudo {' '.join(install)}", file=sys.stderr)
        return 1
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-q"], check=True, **quiet)
    subprocess.run(install, check=True, **quiet)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
