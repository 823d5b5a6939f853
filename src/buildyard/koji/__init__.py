"""A client of Koji for blocking programs; `buildyard.koji.aio` and ``.tx`` are its other faces.

    koji = Connection("fedora")
    koji.getTaskInfo(10000).package
    koji.login()
    koji.tagBuild("f40-candidate", "bash-5.2.26-3.fc40")

`errors` has what can go wrong, `estimates` when things will be done, `cache` names that are kept, `messages` what a hub
tells on a bus, `build`, `task` and their kind the properties of what a hub answers.
"""

from buildyard.koji import errors
from buildyard.koji._blocking import Connection, MultiCall
from buildyard.koji._blocking_methods import Build, Channel, Package, Tag, Target, Task, User
from buildyard.koji._profiles import Profile
from buildyard.koji._row import Row
from buildyard.koji.errors import KojiException, KojiLoginException

__all__ = [
    "Build",
    "Channel",
    "Connection",
    "KojiException",
    "KojiLoginException",
    "MultiCall",
    "Package",
    "Profile",
    "Row",
    "Tag",
    "Target",
    "Task",
    "User",
    "errors",
]
