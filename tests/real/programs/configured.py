"""A program whose logging can be configured from outside while it runs. It logs each line of its standard input."""

import logging
import logging.config
import sys

listener = logging.config.listen(0)
listener.start()
listener.ready.wait()
print("port", listener.port)
try:
    for line in sys.stdin:
        logging.getLogger("lines").info(line.strip())
except KeyboardInterrupt:
    logging.config.stopListening()
    listener.join()
    print("stopped")
    sys.exit(3)
