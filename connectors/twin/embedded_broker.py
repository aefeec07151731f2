"""The process of the embedded MQTT broker; ends when the process that started it is gone (its standard input closes)."""

from __future__ import annotations

import logging
import os
import sys
import threading

LARGEST_BYTES = 1_048_576


def main(port: int) -> None:
    """Serve MQTT 3.1.1 on 127.0.0.1 until the parent goes away."""
    from iotcore import IotCoreBroker

    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it logs each packet as an error
    threading.Thread(target=_end_with_parent, daemon=True).start()
    IotCoreBroker(listen="127.0.0.1", port=port, max_payload_size=LARGEST_BYTES).run_forever()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
