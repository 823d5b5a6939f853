"""The methods and objects of the asyncio face.  Written by `tools.koji_client` from `tools.koji_table`.

Names and arguments are the hub's own; `_core.AsyncKoji` tells what is raised.
"""

# ruff: noqa: N802, N803, E501

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from buildyard.koji import _estimating, _operations, build, channel, package, tag, target, task, user
from buildyard.koji._core import AsyncKoji
from buildyard.koji._given import Fields, Moment, Ref, given
from buildyard.koji._kinds import Kinds
from buildyard.koji._row import Row


class Build(build.Build):
    """See `buildyard.koji.build.Build`."""

    __slots__ = ()

    async def task(self) -> Task | None:
        """Return the task that built it, or None."""
        found: Task | None = await _operations.build_task(self)
        return found

    async def tags(self) -> list[Tag]:
        """Return the tags that it is in."""
        found: list[Tag] = await _operations.build_tags(self)
        return found

    async def target(self) -> str | int | None:
        """Return the target that it was built for, or None where no task tells."""
        found: str | int | None = await _operations.build_target(self)
        return found

    async def package(self) -> Package | None:
        """Return its package."""
        found: Package | None = await _operations.build_package(self)
        return found

    async def owner_user(self) -> User | None:
        """Return the user it belongs to."""
        found: User | None = await _operations.build_owner(self)
        return found

    async def estimate_completion(self) -> datetime | None:
        """Return when a build was complete, or will be; None where nobody can tell."""
        found: datetime | None = await _estimating.build_completion(self)
        return found


class Task(task.Task):
    """See `buildyard.koji.task.Task`."""

    __slots__ = ()

    async def owner_user(self) -> User | None:
        """Return the user it belongs to, or None."""
        found: User | None = await _operations.task_owner(self)
        return found

    async def host(self) -> Row | None:
        """Return the host that works on it, or None."""
        found: Row | None = await _operations.task_host(self)
        return found

    async def parent_task(self) -> Task | None:
        """Return the task that it is a part of, or None."""
        found: Task | None = await _operations.task_parent(self)
        return found

    async def fetch_result(self) -> Any:
        """Return what it left; raises the `KojiFault` that it failed with."""
        found: Any = await _operations.task_result(self)
        return found

    async def descendents(self, method: str | None = None, state: int | Collection[int] | None = None) -> list[Task]:
        """Return all tasks below it, children of children included; with ``method`` or ``state``, those alone."""
        found: list[Task] = await _operations.task_descendents(self, method, state)
        return found

    async def builds(self) -> list[Build]:
        """Return the builds that it made."""
        found: list[Build] = await _operations.task_builds(self)
        return found

    async def build_time(self) -> timedelta | None:
        """Return the build time as a hub's averages have it: of the longest architecture, not of the whole task.

        A hub's average (`getAverageBuildDuration`) is about build rows, which begin after the source package is made and
        end when the last architecture is done.  None where no architecture has begun.
        """
        found: timedelta | None = await _operations.task_build_time(self)
        return found

    async def estimate_completion(self) -> datetime | None:
        """Return when a task was done, or will be; None where nobody can tell.

        For one that builds in several parts, from the parts it has by now; for one that waits, also from what is before it
        in its channel.
        """
        found: datetime | None = await _estimating.task_completion(self)
        return found

    async def estimate_duration(self) -> timedelta | None:
        """Return how long a task took, or will take once it has begun; None where nobody can tell."""
        found: timedelta | None = await _estimating.task_duration(self)
        return found

    @property
    def channel(self) -> Channel:
        """The channel that it waits or runs in; nothing is asked for that."""
        return Channel({"id": self["channel_id"]}, self._core)


class Channel(channel.Channel):
    """See `buildyard.koji.channel.Channel`."""

    __slots__ = ()

    async def hosts(self, **named: Any) -> list[Row]:
        """Return the hosts that serve it; keywords are those of ``listHosts``."""
        found: list[Row] = await _operations.channel_hosts(self, **named)
        return found

    async def tasks(self, **named: Any) -> list[Task]:
        """Return its tasks in the order in which they will be taken; keywords are the options of ``listTasks``."""
        found: list[Task] = await _operations.channel_tasks(self, **named)
        return found

    async def total_capacity(self) -> float:
        """Return the capacity of its enabled hosts together."""
        found: float = await _operations.channel_total_capacity(self)
        return found


class Package(package.Package):
    """See `buildyard.koji.package.Package`."""

    __slots__ = ()

    async def builds(self, **named: Any) -> list[Build]:
        """Return its builds; keywords are those of ``listBuilds``."""
        found: list[Build] = await _operations.package_builds(self, **named)
        return found


class Tag(tag.Tag):
    """See `buildyard.koji.tag.Tag`."""

    __slots__ = ()

    async def builds(self, **named: Any) -> list[Build]:
        """Return the builds in it; keywords are those of ``listTagged``."""
        found: list[Build] = await _operations.tag_builds(self, **named)
        return found

    async def latest(self, package: str) -> Build | None:
        """Return the newest build of a package in it or its parents, or None."""
        found: Build | None = await _operations.tag_latest(self, package)
        return found


class User(user.User):
    """See `buildyard.koji.user.User`."""

    __slots__ = ()

    async def tasks(self, **named: Any) -> list[Task]:
        """Return the tasks of that user, the newest first; keywords are the options of ``listTasks``."""
        found: list[Task] = await _operations.user_tasks(self, **named)
        return found

    async def builds(self, **named: Any) -> list[Build]:
        """Return the builds of that user; keywords are those of ``listBuilds``."""
        found: list[Build] = await _operations.user_builds(self, **named)
        return found


class Target(target.Target):
    """See `buildyard.koji.target.Target`."""

    __slots__ = ()

    async def build_tag_row(self) -> Tag | None:
        """Return the tag that is built in."""
        found: Tag | None = await _operations.target_build_tag(self)
        return found

    async def dest_tag_row(self) -> Tag | None:
        """Return the tag that builds are put in."""
        found: Tag | None = await _operations.target_dest_tag(self)
        return found


KINDS = Kinds(build=Build, task=Task, channel=Channel, package=Package, tag=Tag, user=User, target=Target)


class Methods(AsyncKoji):
    """Methods of a hub, by name and with types."""

    async def getKojiVersion(self) -> str:
        """Return the version of the hub, ``1.35.3``."""
        found: str = await self.invoke("getKojiVersion")
        return found

    async def getAPIVersion(self) -> int:
        """Return the version of its API: 1."""
        found: int = await self.invoke("getAPIVersion")
        return found

    async def echo(self, *args: Any) -> list[Any]:
        """Return the arguments as the hub read them."""
        found: list[Any] = await self.invoke("echo", (*args,))
        return found

    async def getLoggedInUser(self) -> User | None:
        """Return the user of the session, None where there is none."""
        found: User | None = await self.invoke("getLoggedInUser")
        return found

    async def getSessionInfo(self, details: bool = False) -> Row | None:
        """Return the session as the hub has it, or None."""
        found: Row | None = await self.invoke("getSessionInfo", (), given(details=(details, False)))
        return found

    async def getUser(self, userInfo: Ref | Fields, strict: bool = False) -> User | None:
        """Return a user by number, name or principal."""
        found: User | None = await self.invoke("getUser", (userInfo,), given(strict=(strict, False)))
        return found

    async def listUsers(
        self, userType: int = 0, prefix: str | None = None, queryOpts: Fields | None = None
    ) -> list[User]:
        """Return the users of a kind."""
        found: list[User] = await self.invoke(
            "listUsers", (), given(userType=(userType, 0), prefix=(prefix, None), queryOpts=(queryOpts, None))
        )
        return found

    async def getUserPerms(self, userID: Ref | None = None) -> list[str]:
        """Return what a user, or whoever is logged in, may do."""
        found: list[str] = await self.invoke("getUserPerms", (), given(userID=(userID, None)))
        return found

    async def getUserGroups(self, user: Ref) -> list[Row]:
        """Return the groups of a user."""
        found: list[Row] = await self.invoke("getUserGroups", (user,))
        return found

    async def getGroupMembers(self, group: Ref) -> list[Row]:
        """Return the users in a group."""
        found: list[Row] = await self.invoke("getGroupMembers", (group,))
        return found

    async def getAllPerms(self) -> list[Row]:
        """Return all permissions that there are."""
        found: list[Row] = await self.invoke("getAllPerms")
        return found

    async def getBuild(self, buildInfo: Ref | Fields, strict: bool = False) -> Build | None:
        """Return a build by number, name-version-release, or a dict of these."""
        found: Build | None = await self.invoke("getBuild", (buildInfo,), given(strict=(strict, False)))
        return found

    async def findBuildID(self, X: Ref | Fields, strict: bool = False) -> int | None:
        """Return the number of a build."""
        found: int | None = await self.invoke("findBuildID", (X,), given(strict=(strict, False)))
        return found

    async def listBuilds(
        self,
        packageID: Ref | None = None,
        userID: Ref | None = None,
        taskID: int | None = None,
        prefix: str | None = None,
        state: int | None = None,
        volumeID: Ref | None = None,
        source: str | None = None,
        createdBefore: Moment | None = None,
        createdAfter: Moment | None = None,
        completeBefore: Moment | None = None,
        completeAfter: Moment | None = None,
        type: str | None = None,
        typeInfo: Fields | None = None,
        queryOpts: Fields | None = None,
        pattern: str | None = None,
        cgID: Ref | None = None,
        draft: bool | None = None,
    ) -> list[Build]:
        """Return builds, of a package by number or name, a user, a task, ..."""
        found: list[Build] = await self.invoke(
            "listBuilds",
            (),
            given(
                packageID=(packageID, None),
                userID=(userID, None),
                taskID=(taskID, None),
                prefix=(prefix, None),
                state=(state, None),
                volumeID=(volumeID, None),
                source=(source, None),
                createdBefore=(createdBefore, None),
                createdAfter=(createdAfter, None),
                completeBefore=(completeBefore, None),
                completeAfter=(completeAfter, None),
                type=(type, None),
                typeInfo=(typeInfo, None),
                queryOpts=(queryOpts, None),
                pattern=(pattern, None),
                cgID=(cgID, None),
                draft=(draft, None),
            ),
        )
        return found

    async def getLatestBuilds(
        self, tag: Ref, event: int | None = None, package: Ref | None = None, type: str | None = None
    ) -> list[Build]:
        """Return the newest build of each package, or of one, in a tag."""
        found: list[Build] = await self.invoke(
            "getLatestBuilds", (tag,), given(event=(event, None), package=(package, None), type=(type, None))
        )
        return found

    async def getNextRelease(self, build_info: Fields, incr: int = 1) -> str:
        """Return the release that a next build may have."""
        found: str = await self.invoke("getNextRelease", (build_info,), given(incr=(incr, 1)))
        return found

    async def getBuildLogs(self, build: Ref | Fields) -> list[Row]:
        """Return name, directory and path of each log of a build."""
        found: list[Row] = await self.invoke("getBuildLogs", (build,))
        return found

    async def getBuildType(self, buildInfo: Ref | Fields, strict: bool = False) -> Row | None:
        """Return the types of a build with what belongs to each."""
        found: Row | None = await self.invoke("getBuildType", (buildInfo,), given(strict=(strict, False)))
        return found

    async def getAverageBuildDuration(self, package: Ref, age: int | None = None) -> timedelta | None:
        """Return the hub's average for a package, of the last ``age`` months."""
        found: timedelta | None = await self.invoke("getAverageBuildDuration", (package,), given(age=(age, None)))
        return found

    async def getChangelogEntries(self, buildID: Ref | None = None, taskID: int | None = None) -> list[Row]:
        """Return the changelog of a build or of a task's source package."""
        found: list[Row] = await self.invoke(
            "getChangelogEntries", (), given(buildID=(buildID, None), taskID=(taskID, None))
        )
        return found

    async def listBuildRPMs(self, build: Ref) -> list[Row]:
        """Return the RPMs of a build."""
        found: list[Row] = await self.invoke("listBuildRPMs", (build,))
        return found

    async def listRPMs(
        self,
        buildID: int | None = None,
        buildrootID: int | None = None,
        imageID: int | None = None,
        componentBuildrootID: int | None = None,
        hostID: int | None = None,
        arches: str | Sequence[str] | None = None,
        queryOpts: Fields | None = None,
    ) -> list[Row]:
        """Return RPMs, of a build or in a buildroot or image."""
        found: list[Row] = await self.invoke(
            "listRPMs",
            (),
            given(
                buildID=(buildID, None),
                buildrootID=(buildrootID, None),
                imageID=(imageID, None),
                componentBuildrootID=(componentBuildrootID, None),
                hostID=(hostID, None),
                arches=(arches, None),
                queryOpts=(queryOpts, None),
            ),
        )
        return found

    async def getRPM(self, rpminfo: Ref | Fields, strict: bool = False, multi: bool = False) -> Row | list[Row] | None:
        """Return an RPM by number, file name or a dict; all of that name with ``multi``."""
        found: Row | list[Row] | None = await self.invoke(
            "getRPM", (rpminfo,), given(strict=(strict, False), multi=(multi, False))
        )
        return found

    async def getRPMHeaders(
        self,
        rpmID: Ref | None = None,
        taskID: int | None = None,
        filepath: str | None = None,
        headers: Sequence[str] | None = None,
    ) -> Row:
        """Return headers of an RPM."""
        found: Row = await self.invoke(
            "getRPMHeaders",
            (),
            given(rpmID=(rpmID, None), taskID=(taskID, None), filepath=(filepath, None), headers=(headers, None)),
        )
        return found

    async def getRPMDeps(self, rpmID: Ref, depType: int | None = None, queryOpts: Fields | None = None) -> list[Row]:
        """Return what an RPM requires, provides and so on."""
        found: list[Row] = await self.invoke(
            "getRPMDeps", (rpmID,), given(depType=(depType, None), queryOpts=(queryOpts, None))
        )
        return found

    async def listRPMFiles(self, rpmID: Ref, queryOpts: Fields | None = None) -> list[Row]:
        """Return the files in an RPM."""
        found: list[Row] = await self.invoke("listRPMFiles", (rpmID,), given(queryOpts=(queryOpts, None)))
        return found

    async def queryRPMSigs(
        self, rpm_id: Ref | None = None, sigkey: str | None = None, queryOpts: Fields | None = None
    ) -> list[Row]:
        """Return the signatures of an RPM, or by a key."""
        found: list[Row] = await self.invoke(
            "queryRPMSigs", (), given(rpm_id=(rpm_id, None), sigkey=(sigkey, None), queryOpts=(queryOpts, None))
        )
        return found

    async def listArchives(
        self,
        buildID: int | None = None,
        buildrootID: int | None = None,
        componentBuildrootID: int | None = None,
        hostID: int | None = None,
        type: str | None = None,
        filename: str | None = None,
        size: int | None = None,
        checksum: str | None = None,
    ) -> list[Row]:
        """Return archives, of a build or in a buildroot."""
        found: list[Row] = await self.invoke(
            "listArchives",
            (),
            given(
                buildID=(buildID, None),
                buildrootID=(buildrootID, None),
                componentBuildrootID=(componentBuildrootID, None),
                hostID=(hostID, None),
                type=(type, None),
                filename=(filename, None),
                size=(size, None),
                checksum=(checksum, None),
            ),
        )
        return found

    async def getArchive(self, archive_id: int, strict: bool = False) -> Row | None:
        """Return an archive."""
        found: Row | None = await self.invoke("getArchive", (archive_id,), given(strict=(strict, False)))
        return found

    async def getTag(
        self, tagInfo: Ref, strict: bool = False, event: int | None = None, blocked: bool = False
    ) -> Tag | None:
        """Return a tag by number or name."""
        found: Tag | None = await self.invoke(
            "getTag", (tagInfo,), given(strict=(strict, False), event=(event, None), blocked=(blocked, False))
        )
        return found

    async def listTags(
        self,
        build: Ref | Fields | None = None,
        package: Ref | None = None,
        perms: bool = True,
        queryOpts: Fields | None = None,
        pattern: str | None = None,
    ) -> list[Tag]:
        """Return all tags, or those that hold a build or a package."""
        found: list[Tag] = await self.invoke(
            "listTags",
            (),
            given(
                build=(build, None),
                package=(package, None),
                perms=(perms, True),
                queryOpts=(queryOpts, None),
                pattern=(pattern, None),
            ),
        )
        return found

    async def listTagged(
        self,
        tag: Ref,
        event: int | None = None,
        inherit: bool = False,
        prefix: str | None = None,
        latest: bool | int = False,
        package: Ref | None = None,
        owner: Ref | None = None,
        type: str | None = None,
    ) -> list[Build]:
        """Return the builds in a tag."""
        found: list[Build] = await self.invoke(
            "listTagged",
            (tag,),
            given(
                event=(event, None),
                inherit=(inherit, False),
                prefix=(prefix, None),
                latest=(latest, False),
                package=(package, None),
                owner=(owner, None),
                type=(type, None),
            ),
        )
        return found

    async def listTaggedRPMS(
        self,
        tag: Ref,
        event: int | None = None,
        inherit: bool = False,
        latest: bool = False,
        package: Ref | None = None,
        arch: str | None = None,
        rpmsigs: bool = False,
    ) -> list[list[Row]]:
        """Return RPMs and builds in a tag, two lists."""
        found: list[list[Row]] = await self.invoke(
            "listTaggedRPMS",
            (tag,),
            given(
                event=(event, None),
                inherit=(inherit, False),
                latest=(latest, False),
                package=(package, None),
                arch=(arch, None),
                rpmsigs=(rpmsigs, False),
            ),
        )
        return found

    async def listTaggedArchives(
        self,
        tag: Ref,
        event: int | None = None,
        inherit: bool = False,
        latest: bool = False,
        package: Ref | None = None,
        type: str | None = None,
    ) -> list[list[Row]]:
        """Return archives and builds in a tag, two lists."""
        found: list[list[Row]] = await self.invoke(
            "listTaggedArchives",
            (tag,),
            given(
                event=(event, None),
                inherit=(inherit, False),
                latest=(latest, False),
                package=(package, None),
                type=(type, None),
            ),
        )
        return found

    async def getInheritanceData(self, tag: Ref, event: int | None = None) -> list[Row]:
        """Return the parents of a tag."""
        found: list[Row] = await self.invoke("getInheritanceData", (tag,), given(event=(event, None)))
        return found

    async def getFullInheritance(self, tag: Ref, event: int | None = None, reverse: bool = False) -> list[Row]:
        """Return all that a tag inherits from, or what inherits from it."""
        found: list[Row] = await self.invoke(
            "getFullInheritance", (tag,), given(event=(event, None), reverse=(reverse, False))
        )
        return found

    async def getBuildConfig(self, tag: Ref, event: int | None = None) -> Row:
        """Return how buildroots of a tag are made."""
        found: Row = await self.invoke("getBuildConfig", (tag,), given(event=(event, None)))
        return found

    async def getTagExternalRepos(
        self, tag_info: Ref | None = None, repo_info: Ref | None = None, event: int | None = None
    ) -> list[Row]:
        """Return the external repositories of a tag."""
        found: list[Row] = await self.invoke(
            "getTagExternalRepos",
            (),
            given(tag_info=(tag_info, None), repo_info=(repo_info, None), event=(event, None)),
        )
        return found

    async def getTagGroups(self, tag: Ref, event: int | None = None, inherit: bool = True) -> list[Row]:
        """Return the package groups of a tag."""
        found: list[Row] = await self.invoke(
            "getTagGroups", (tag,), given(event=(event, None), inherit=(inherit, True))
        )
        return found

    async def tagChangedSinceEvent(self, event: int, taglist: Sequence[int]) -> bool:
        """Return True where one of the tags has changed."""
        found: bool = await self.invoke("tagChangedSinceEvent", (event, taglist))
        return found

    async def getLastEvent(self, before: float | None = None) -> Row:
        """Return the newest event."""
        found: Row = await self.invoke("getLastEvent", (), given(before=(before, None)))
        return found

    async def getEvent(self, id: int) -> Row:
        """Return an event: its number and time."""
        found: Row = await self.invoke("getEvent", (id,))
        return found

    async def getPackage(self, info: Ref | Fields, strict: bool = False, create: bool = False) -> Package | None:
        """Return a package by number or name."""
        found: Package | None = await self.invoke(
            "getPackage", (info,), given(strict=(strict, False), create=(create, False))
        )
        return found

    async def getPackageID(self, name: str, strict: bool = False) -> int | None:
        """Return the number of a package."""
        found: int | None = await self.invoke("getPackageID", (name,), given(strict=(strict, False)))
        return found

    async def getPackageConfig(self, tag: Ref, pkg: Ref, event: int | None = None) -> Row | None:
        """Return what a tag says about a package."""
        found: Row | None = await self.invoke("getPackageConfig", (tag, pkg), given(event=(event, None)))
        return found

    async def listPackages(
        self,
        tagID: Ref | None = None,
        userID: Ref | None = None,
        pkgID: Ref | None = None,
        prefix: str | None = None,
        inherited: bool = False,
        with_dups: bool = False,
        event: int | None = None,
        queryOpts: Fields | None = None,
    ) -> list[Row]:
        """Return packages, of a tag or a user."""
        found: list[Row] = await self.invoke(
            "listPackages",
            (),
            given(
                tagID=(tagID, None),
                userID=(userID, None),
                pkgID=(pkgID, None),
                prefix=(prefix, None),
                inherited=(inherited, False),
                with_dups=(with_dups, False),
                event=(event, None),
                queryOpts=(queryOpts, None),
            ),
        )
        return found

    async def checkTagPackage(self, tag: Ref, pkg: Ref) -> bool:
        """Return True where a tag takes builds of a package."""
        found: bool = await self.invoke("checkTagPackage", (tag, pkg))
        return found

    async def getBuildTarget(self, info: Ref, event: int | None = None, strict: bool = False) -> Target | None:
        """Return a target by number or name."""
        found: Target | None = await self.invoke(
            "getBuildTarget", (info,), given(event=(event, None), strict=(strict, False))
        )
        return found

    async def getBuildTargets(
        self,
        info: Ref | None = None,
        event: int | None = None,
        buildTagID: Ref | None = None,
        destTagID: Ref | None = None,
    ) -> list[Target]:
        """Return targets, of a tag to build in or to put builds in."""
        found: list[Target] = await self.invoke(
            "getBuildTargets",
            (),
            given(info=(info, None), event=(event, None), buildTagID=(buildTagID, None), destTagID=(destTagID, None)),
        )
        return found

    async def getRepo(
        self, tag: Ref, state: int | None = None, event: int | None = None, dist: bool = False
    ) -> Row | None:
        """Return the newest repository of a tag."""
        found: Row | None = await self.invoke(
            "getRepo", (tag,), given(state=(state, None), event=(event, None), dist=(dist, False))
        )
        return found

    async def repoInfo(self, repo_id: int, strict: bool = False) -> Row | None:
        """Return a repository."""
        found: Row | None = await self.invoke("repoInfo", (repo_id,), given(strict=(strict, False)))
        return found

    async def getTaskInfo(self, task_id: int, request: bool = True, strict: bool = False) -> Task | None:
        """Return a task, with its request unless told otherwise."""
        found: Task | None = await self.invoke(
            "getTaskInfo", (task_id,), given(request=(request, True), strict=(strict, False))
        )
        return found

    async def getTaskRequest(self, taskId: int) -> list[Any]:
        """Return the request of a task."""
        found: list[Any] = await self.invoke("getTaskRequest", (taskId,))
        return found

    async def getTaskResult(self, taskId: int, raise_fault: bool = True) -> Any:
        """Return what a task left; raises the fault that it failed with."""
        found: Any = await self.invoke("getTaskResult", (taskId,), given(raise_fault=(raise_fault, True)))
        return found

    async def getTaskChildren(self, task_id: int, request: bool = True, strict: bool = False) -> list[Task]:
        """Return the tasks just below one."""
        found: list[Task] = await self.invoke(
            "getTaskChildren", (task_id,), given(request=(request, True), strict=(strict, False))
        )
        return found

    async def getTaskDescendents(self, task_id: int, request: bool = True) -> list[Task]:
        """Return all tasks below one, children of children included."""
        found: list[Task] = await self.invoke("getTaskDescendents", (task_id,), given(request=(request, True)))
        return found

    async def listTasks(self, opts: Fields | None = None, queryOpts: Fields | None = None) -> list[Task]:
        """Return tasks, by owner, channel, method, state, host, times, ..."""
        found: list[Task] = await self.invoke("listTasks", (), given(opts=(opts, None), queryOpts=(queryOpts, None)))
        return found

    async def taskFinished(self, taskId: int) -> bool:
        """Return True where nothing more will happen to a task."""
        found: bool = await self.invoke("taskFinished", (taskId,))
        return found

    async def listTaskOutput(
        self, taskID: int, stat: bool = False, all_volumes: bool = False, strict: bool = False
    ) -> list[str] | Row:
        """Return the names of a task's files, or more with ``stat``."""
        found: list[str] | Row = await self.invoke(
            "listTaskOutput",
            (taskID,),
            given(stat=(stat, False), all_volumes=(all_volumes, False), strict=(strict, False)),
        )
        return found

    async def listHosts(
        self,
        arches: str | Sequence[str] | None = None,
        channelID: Ref | None = None,
        ready: bool | None = None,
        enabled: bool | None = None,
        userID: Ref | None = None,
        queryOpts: Fields | None = None,
    ) -> list[Row]:
        """Return hosts, of a channel or an architecture."""
        found: list[Row] = await self.invoke(
            "listHosts",
            (),
            given(
                arches=(arches, None),
                channelID=(channelID, None),
                ready=(ready, None),
                enabled=(enabled, None),
                userID=(userID, None),
                queryOpts=(queryOpts, None),
            ),
        )
        return found

    async def getHost(self, hostInfo: Ref, strict: bool = False, event: int | None = None) -> Row | None:
        """Return a host by number or name."""
        found: Row | None = await self.invoke(
            "getHost", (hostInfo,), given(strict=(strict, False), event=(event, None))
        )
        return found

    async def getLastHostUpdate(self, hostID: int) -> str | None:
        """Return when a host was last heard of."""
        found: str | None = await self.invoke("getLastHostUpdate", (hostID,))
        return found

    async def listChannels(
        self, hostID: Ref | None = None, event: int | None = None, enabled: bool | None = None
    ) -> list[Channel]:
        """Return all channels, or those of a host."""
        found: list[Channel] = await self.invoke(
            "listChannels", (), given(hostID=(hostID, None), event=(event, None), enabled=(enabled, None))
        )
        return found

    async def getChannel(self, channelInfo: Ref, strict: bool = False) -> Channel | None:
        """Return a channel by number or name."""
        found: Channel | None = await self.invoke("getChannel", (channelInfo,), given(strict=(strict, False)))
        return found

    async def getBuildroot(self, buildrootID: int, strict: bool = False) -> Row | None:
        """Return a buildroot."""
        found: Row | None = await self.invoke("getBuildroot", (buildrootID,), given(strict=(strict, False)))
        return found

    async def search(self, terms: str, type: str, matchType: str, queryOpts: Fields | None = None) -> list[Row]:
        """Return number and name of what is called so; ``matchType`` is glob, regexp or exact."""
        found: list[Row] = await self.invoke("search", (terms, type, matchType), given(queryOpts=(queryOpts, None)))
        return found

    async def build(
        self,
        src: str,
        target: str | None,
        opts: Fields | None = None,
        priority: int | None = None,
        channel: str | None = None,
    ) -> int:
        """Start a build, and return the number of its task."""
        found: int = await self.invoke(
            "build", (src, target), given(opts=(opts, None), priority=(priority, None), channel=(channel, None))
        )
        return found

    async def tagBuild(self, tag: Ref, build: Ref, force: bool = False, fromtag: Ref | None = None) -> int:
        """Start the tagging of a build, and return the number of its task."""
        found: int = await self.invoke("tagBuild", (tag, build), given(force=(force, False), fromtag=(fromtag, None)))
        return found

    async def untagBuild(self, tag: Ref, build: Ref, strict: bool = True, force: bool = False) -> None:
        """Take a build out of a tag."""
        found: None = await self.invoke("untagBuild", (tag, build), given(strict=(strict, True), force=(force, False)))
        return found

    async def cancelTask(self, task_id: int, recurse: bool = True) -> None:
        """Cancel a task, and what is below it."""
        found: None = await self.invoke("cancelTask", (task_id,), given(recurse=(recurse, True)))
        return found

    async def resubmitTask(self, taskID: int) -> int:
        """Start a task anew, and return the number of the new one."""
        found: int = await self.invoke("resubmitTask", (taskID,))
        return found

    async def createTag(
        self,
        name: str,
        parent: Ref | None = None,
        arches: str | None = None,
        perm: Ref | None = None,
        locked: bool = False,
    ) -> int:
        """Make a tag, and return its number."""
        found: int = await self.invoke(
            "createTag",
            (name,),
            given(parent=(parent, None), arches=(arches, None), perm=(perm, None), locked=(locked, False)),
        )
        return found
