"""Upstream: the package indexes that pip on this machine is configured to use, and what they offer.

`pipconfig` reads pip's configuration into a `locations.UpstreamIndex`; `simple` asks those indexes for a project and
gives a `pages.Page`; `releases` groups its files by version.  `cache` keeps pages between programs, `local` reads
indexes and directories on disk, `sdists` reads what a source distribution says without running it.
Nothing is imported here, so that each part costs only itself.
"""
