"""How long builds take: averages of a hub, or of the last builds of a package.

    average_build_duration(koji, "bash")    # timedelta

Each function takes a connection of any face first and answers as that face does; what nobody can tell is None.  What a
task or build will still take is ``task.estimate_completion()``; `docs/explanation/koji-calls.md` tells what the numbers
mean.
"""

from __future__ import annotations

from buildyard.koji import _estimating
from buildyard.koji._faced import faced

__all__ = ["average_build_duration", "average_build_durations", "average_last_builds"]

average_build_duration = faced(_estimating.average_build_duration)
average_last_builds = faced(_estimating.average_last_builds)
average_build_durations = faced(_estimating.average_build_durations)
