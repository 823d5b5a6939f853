"""The phases of a build, in their order: fetch, prepare, build, repair, check.  `runner` calls each; upload is the worker's."""
