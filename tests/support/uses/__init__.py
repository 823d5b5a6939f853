"""The documented uses of Taskcluster's Python client, each a step that either client carries out in either face.

Run as ``python -m support.uses PACKAGE FACE`` by a Python that has the package, ``taskcluster`` or
``buildyard.taskcluster``; prints as JSON what came of each step.  Only the standard library is imported here.
"""

from support.uses import artifacts, groups, objects, options, plain, services, tasks, workers  # noqa: F401 - they register
from support.uses.kit import STEPS

__all__ = ["STEPS"]
