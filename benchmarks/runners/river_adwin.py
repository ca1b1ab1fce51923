"""ADWIN of river: reads a line of errors at a time, answers whether the error changed upwards.

Source: Bifet & Gavalda, Learning from Time-Changing Data with Adaptive Windowing, SDM 2007.
"""

import json
import sys

from river.drift import ADWIN


def main() -> None:
    """Answer each line: a list of errors, or null to start over."""
    detector = ADWIN()
    for line in sys.stdin:
        errors = json.loads(line)
        rose = False
        if errors is None:
            detector = ADWIN()
        else:
            for error in errors:
                before = detector.estimation
                detector.update(error)
                rose |= detector.drift_detected and detector.estimation > before
        print(json.dumps(rose), flush=True)


if __name__ == "__main__":
    main()
