"""``python -m driftloop.demo FOLDER`` writes the demo batches."""

import sys
from pathlib import Path

from driftloop.demo.payments import write_batches

if __name__ == "__main__":
    for path in write_batches(Path(sys.argv[1])):
        print(path)
