"""The methods of a Koji hub that its clients have by name, and the operations of its objects: a table.

`koji_client` makes the three faces of it.  Parameters and their order are the hub's (Koji 1.35, `list-api`); a parameter
that is left at its default is not sent, so that older hubs which lack it answer too.  A method that is not here is had
by its name all the same, without types.
"""

# ruff: noqa: E501

from __future__ import annotations

from typing import NamedTuple


class Method(NamedTuple):
    """A method: its signature, what it returns on the blocking face, and the first line of its documentation."""

    signature: str
    returns: str
    summary: str


_BUILDS_FILTER = (
    "packageID: Ref | None = None, userID: Ref | None = None, taskID: int | None = None, prefix: str | None = None, "
    "state: int | None = None, volumeID: Ref | None = None, source: str | None = None, "
    "createdBefore: Moment | None = None, createdAfter: Moment | None = None, completeBefore: Moment | None = None, "
    "completeAfter: Moment | None = None, type: str | None = None, typeInfo: Fields | None = None, "
    "queryOpts: Fields | None = None, pattern: str | None = None, cgID: Ref | None = None, draft: bool | None = None"
)
_TAGGED_FILTER = (
    "tag: Ref, event: int | None = None, inherit: bool = False, prefix: str | None = None, latest: bool | int = False, "
    "package: Ref | None = None, owner: Ref | None = None, type: str | None = None"
)

METHODS = (
    Method("getKojiVersion()", "str", "Return the version of the hub, ``1.35.3``."),
    Method("getAPIVersion()", "int", "Return the version of its API: 1."),
    Method("echo(*args: Any)", "list[Any]", "Return the arguments as the hub read them."),
    Method("getLoggedInUser()", "User | None", "Return the user of the session, None where there is none."),
    Method("getSessionInfo(details: bool = False)", "Row | None", "Return the session as the hub has it, or None."),
    Method("getUser(userInfo: Ref | Fields, strict: bool = False)", "User | None", "Return a user by number, name or principal."),
    Method("listUsers(userType: int = 0, prefix: str | None = None, queryOpts: Fields | None = None)", "list[User]", "Return the users of a kind."),
    Method("getUserPerms(userID: Ref | None = None)", "list[str]", "Return what a user, or whoever is logged in, may do."),
    Method("getUserGroups(user: Ref)", "list[Row]", "Return the groups of a user."),
    Method("getGroupMembers(group: Ref)", "list[Row]", "Return the users in a group."),
    Method("getAllPerms()", "list[Row]", "Return all permissions that there are."),
    Method("getBuild(buildInfo: Ref | Fields, strict: bool = False)", "Build | None", "Return a build by number, name-version-release, or a dict of these."),
    Method("findBuildID(X: Ref | Fields, strict: bool = False)", "int | None", "Return the number of a build."),
    Method(f"listBuilds({_BUILDS_FILTER})", "list[Build]", "Return builds, of a package by number or name, a user, a task, ..."),
    Method("getLatestBuilds(tag: Ref, event: int | None = None, package: Ref | None = None, type: str | None = None)", "list[Build]", "Return the newest build of each package, or of one, in a tag."),
    Method("getNextRelease(build_info: Fields, incr: int = 1)", "str", "Return the release that a next build may have."),
    Method("getBuildLogs(build: Ref | Fields)", "list[Row]", "Return name, directory and path of each log of a build."),
    Method("getBuildType(buildInfo: Ref | Fields, strict: bool = False)", "Row | None", "Return the types of a build with what belongs to each."),
    Method("getAverageBuildDuration(package: Ref, age: int | None = None)", "timedelta | None", "Return the hub's average for a package, of the last ``age`` months."),
    Method("getChangelogEntries(buildID: Ref | None = None, taskID: int | None = None)", "list[Row]", "Return the changelog of a build or of a task's source package."),
    Method("listBuildRPMs(build: Ref)", "list[Row]", "Return the RPMs of a build."),
    Method("listRPMs(buildID: int | None = None, buildrootID: int | None = None, imageID: int | None = None, componentBuildrootID: int | None = None, hostID: int | None = None, arches: str | Sequence[str] | None = None, queryOpts: Fields | None = None)", "list[Row]", "Return RPMs, of a build or in a buildroot or image."),
    Method("getRPM(rpminfo: Ref | Fields, strict: bool = False, multi: bool = False)", "Row | list[Row] | None", "Return an RPM by number, file name or a dict; all of that name with ``multi``."),
    Method("getRPMHeaders(rpmID: Ref | None = None, taskID: int | None = None, filepath: str | None = None, headers: Sequence[str] | None = None)", "Row", "Return headers of an RPM."),
    Method("getRPMDeps(rpmID: Ref, depType: int | None = None, queryOpts: Fields | None = None)", "list[Row]", "Return what an RPM requires, provides and so on."),
    Method("listRPMFiles(rpmID: Ref, queryOpts: Fields | None = None)", "list[Row]", "Return the files in an RPM."),
    Method("queryRPMSigs(rpm_id: Ref | None = None, sigkey: str | None = None, queryOpts: Fields | None = None)", "list[Row]", "Return the signatures of an RPM, or by a key."),
    Method("listArchives(buildID: int | None = None, buildrootID: int | None = None, componentBuildrootID: int | None = None, hostID: int | None = None, type: str | None = None, filename: str | None = None, size: int | None = None, checksum: str | None = None)", "list[Row]", "Return archives, of a build or in a buildroot."),
    Method("getArchive(archive_id: int, strict: bool = False)", "Row | None", "Return an archive."),
    Method("getTag(tagInfo: Ref, strict: bool = False, event: int | None = None, blocked: bool = False)", "Tag | None", "Return a tag by number or name."),
    Method("listTags(build: Ref | Fields | None = None, package: Ref | None = None, perms: bool = True, queryOpts: Fields | None = None, pattern: str | None = None)", "list[Tag]", "Return all tags, or those that hold a build or a package."),
    Method(f"listTagged({_TAGGED_FILTER})", "list[Build]", "Return the builds in a tag."),
    Method("listTaggedRPMS(tag: Ref, event: int | None = None, inherit: bool = False, latest: bool = False, package: Ref | None = None, arch: str | None = None, rpmsigs: bool = False)", "list[list[Row]]", "Return RPMs and builds in a tag, two lists."),
    Method("listTaggedArchives(tag: Ref, event: int | None = None, inherit: bool = False, latest: bool = False, package: Ref | None = None, type: str | None = None)", "list[list[Row]]", "Return archives and builds in a tag, two lists."),
    Method("getInheritanceData(tag: Ref, event: int | None = None)", "list[Row]", "Return the parents of a tag."),
    Method("getFullInheritance(tag: Ref, event: int | None = None, reverse: bool = False)", "list[Row]", "Return all that a tag inherits from, or what inherits from it."),
    Method("getBuildConfig(tag: Ref, event: int | None = None)", "Row", "Return how buildroots of a tag are made."),
    Method("getTagExternalRepos(tag_info: Ref | None = None, repo_info: Ref | None = None, event: int | None = None)", "list[Row]", "Return the external repositories of a tag."),
    Method("getTagGroups(tag: Ref, event: int | None = None, inherit: bool = True)", "list[Row]", "Return the package groups of a tag."),
    Method("tagChangedSinceEvent(event: int, taglist: Sequence[int])", "bool", "Return True where one of the tags has changed."),
    Method("getLastEvent(before: float | None = None)", "Row", "Return the newest event."),
    Method("getEvent(id: int)", "Row", "Return an event: its number and time."),
    Method("getPackage(info: Ref | Fields, strict: bool = False, create: bool = False)", "Package | None", "Return a package by number or name."),
    Method("getPackageID(name: str, strict: bool = False)", "int | None", "Return the number of a package."),
    Method("getPackageConfig(tag: Ref, pkg: Ref, event: int | None = None)", "Row | None", "Return what a tag says about a package."),
    Method("listPackages(tagID: Ref | None = None, userID: Ref | None = None, pkgID: Ref | None = None, prefix: str | None = None, inherited: bool = False, with_dups: bool = False, event: int | None = None, queryOpts: Fields | None = None)", "list[Row]", "Return packages, of a tag or a user."),
    Method("checkTagPackage(tag: Ref, pkg: Ref)", "bool", "Return True where a tag takes builds of a package."),
    Method("getBuildTarget(info: Ref, event: int | None = None, strict: bool = False)", "Target | None", "Return a target by number or name."),
    Method("getBuildTargets(info: Ref | None = None, event: int | None = None, buildTagID: Ref | None = None, destTagID: Ref | None = None)", "list[Target]", "Return targets, of a tag to build in or to put builds in."),
    Method("getRepo(tag: Ref, state: int | None = None, event: int | None = None, dist: bool = False)", "Row | None", "Return the newest repository of a tag."),
    Method("repoInfo(repo_id: int, strict: bool = False)", "Row | None", "Return a repository."),
    Method("getTaskInfo(task_id: int, request: bool = True, strict: bool = False)", "Task | None", "Return a task, with its request unless told otherwise."),
    Method("getTaskRequest(taskId: int)", "list[Any]", "Return the request of a task."),
    Method("getTaskResult(taskId: int, raise_fault: bool = True)", "Any", "Return what a task left; raises the fault that it failed with."),
    Method("getTaskChildren(task_id: int, request: bool = True, strict: bool = False)", "list[Task]", "Return the tasks just below one."),
    Method("getTaskDescendents(task_id: int, request: bool = True)", "list[Task]", "Return all tasks below one, children of children included."),
    Method("listTasks(opts: Fields | None = None, queryOpts: Fields | None = None)", "list[Task]", "Return tasks, by owner, channel, method, state, host, times, ..."),
    Method("taskFinished(taskId: int)", "bool", "Return True where nothing more will happen to a task."),
    Method("listTaskOutput(taskID: int, stat: bool = False, all_volumes: bool = False, strict: bool = False)", "list[str] | Row", "Return the names of a task's files, or more with ``stat``."),
    Method("listHosts(arches: str | Sequence[str] | None = None, channelID: Ref | None = None, ready: bool | None = None, enabled: bool | None = None, userID: Ref | None = None, queryOpts: Fields | None = None)", "list[Row]", "Return hosts, of a channel or an architecture."),
    Method("getHost(hostInfo: Ref, strict: bool = False, event: int | None = None)", "Row | None", "Return a host by number or name."),
    Method("getLastHostUpdate(hostID: int)", "str | None", "Return when a host was last heard of."),
    Method("listChannels(hostID: Ref | None = None, event: int | None = None, enabled: bool | None = None)", "list[Channel]", "Return all channels, or those of a host."),
    Method("getChannel(channelInfo: Ref, strict: bool = False)", "Channel | None", "Return a channel by number or name."),
    Method("getBuildroot(buildrootID: int, strict: bool = False)", "Row | None", "Return a buildroot."),
    Method("search(terms: str, type: str, matchType: str, queryOpts: Fields | None = None)", "list[Row]", "Return number and name of what is called so; ``matchType`` is glob, regexp or exact."),
    Method("build(src: str, target: str | None, opts: Fields | None = None, priority: int | None = None, channel: str | None = None)", "int", "Start a build, and return the number of its task."),
    Method("tagBuild(tag: Ref, build: Ref, force: bool = False, fromtag: Ref | None = None)", "int", "Start the tagging of a build, and return the number of its task."),
    Method("untagBuild(tag: Ref, build: Ref, strict: bool = True, force: bool = False)", "None", "Take a build out of a tag."),
    Method("cancelTask(task_id: int, recurse: bool = True)", "None", "Cancel a task, and what is below it."),
    Method("resubmitTask(taskID: int)", "int", "Start a task anew, and return the number of the new one."),
    Method("createTag(name: str, parent: Ref | None = None, arches: str | None = None, perm: Ref | None = None, locked: bool = False)", "int", "Make a tag, and return its number."),
)  # fmt: skip


class Operation(NamedTuple):
    """An operation of an object: its signature, what it returns, and the function that does it."""

    signature: str
    returns: str
    function: str


_TIME, _MOMENT = "timedelta | None", "datetime | None"
_ANY = "**named: Any"

#: What is a property of every face alike: the text of its method.
PROPERTIES = {
    "Task": """
    @property
    def channel(self) -> Channel:
        \"\"\"The channel that it waits or runs in; nothing is asked for that.\"\"\"
        return Channel({"id": self["channel_id"]}, self._core)
""",
}

OBJECTS: dict[str, tuple[Operation, ...]] = {
    "Build": (
        Operation("task()", "Task | None", "_operations.build_task"),
        Operation("tags()", "list[Tag]", "_operations.build_tags"),
        Operation("target()", "str | int | None", "_operations.build_target"),
        Operation("package()", "Package | None", "_operations.build_package"),
        Operation("owner_user()", "User | None", "_operations.build_owner"),
        Operation("estimate_completion()", _MOMENT, "_estimating.build_completion"),
    ),
    "Task": (
        Operation("owner_user()", "User | None", "_operations.task_owner"),
        Operation("host()", "Row | None", "_operations.task_host"),
        Operation("parent_task()", "Task | None", "_operations.task_parent"),
        Operation("fetch_result()", "Any", "_operations.task_result"),
        Operation(
            "descendents(method: str | None = None, state: int | Collection[int] | None = None)",
            "list[Task]",
            "_operations.task_descendents",
        ),
        Operation("builds()", "list[Build]", "_operations.task_builds"),
        Operation("build_time()", _TIME, "_operations.task_build_time"),
        Operation("estimate_completion()", _MOMENT, "_estimating.task_completion"),
        Operation("estimate_duration()", _TIME, "_estimating.task_duration"),
    ),
    "Channel": (
        Operation(f"hosts({_ANY})", "list[Row]", "_operations.channel_hosts"),
        Operation(f"tasks({_ANY})", "list[Task]", "_operations.channel_tasks"),
        Operation("total_capacity()", "float", "_operations.channel_total_capacity"),
    ),
    "Package": (Operation(f"builds({_ANY})", "list[Build]", "_operations.package_builds"),),
    "Tag": (
        Operation(f"builds({_ANY})", "list[Build]", "_operations.tag_builds"),
        Operation("latest(package: str)", "Build | None", "_operations.tag_latest"),
    ),
    "User": (
        Operation(f"tasks({_ANY})", "list[Task]", "_operations.user_tasks"),
        Operation(f"builds({_ANY})", "list[Build]", "_operations.user_builds"),
    ),
    "Target": (
        Operation("build_tag_row()", "Tag | None", "_operations.target_build_tag"),
        Operation("dest_tag_row()", "Tag | None", "_operations.target_dest_tag"),
    ),
}
