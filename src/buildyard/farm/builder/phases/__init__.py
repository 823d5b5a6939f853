"""The phases of a build, in their order: fetch, prepare, build, repair, check.  `runner` calls each of them."""
