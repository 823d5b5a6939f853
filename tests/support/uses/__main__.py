"""Carry out every step with one client in one face, and print what came of each."""

import json
import sys

from support.uses import STEPS
from support.uses.kit import Use, outcome

package, face = sys.argv[1:]
print(json.dumps({name: outcome(step, Use(package, face)) for name, step in STEPS.items()}))
