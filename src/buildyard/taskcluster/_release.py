"""The release of Taskcluster whose functions and exchanges the classes have."""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.

from __future__ import annotations

API_VERSION = "113.2.0"
