#!/usr/bin/python3
"""Finds svn, hg and git repositories as a short script does: os.walk, and sets of names.

usage: os_walk_baseline.py DIRECTORY

Prints the paths, each with a NUL behind it, in no order. A measure for repo-scan, not a tool:
errors are passed over in silence.
"""

import os
import sys

SVN = ({b"db"}, {b"format"})  # directories and files that must be there
GIT = ({b"objects"}, {b"HEAD"})
HG_CONTENT = {b"requires", b"store", b"00changelog.i", b"sharedpath", b"data"}


def is_svn(path):
    try:
        with open(os.path.join(path, b"format"), "rb") as file:
            if file.read(3) not in (b"3\n", b"5\n"):
                return False
    except OSError:
        return False
    return os.path.isfile(os.path.join(path, b"db", b"fs-type"))


def is_hg(path):
    return not HG_CONTENT.isdisjoint(os.listdir(os.path.join(path, b".hg")))


def is_git(path):
    try:
        with open(os.path.join(path, b"HEAD"), "rb") as file:
            if file.read(5) != b"ref: ":
                return False
    except OSError:
        return False
    return all(os.path.isdir(os.path.join(path, name)) for name in (b"objects", b"refs"))


def repositories(top):
    for path, directories, files in os.walk(top):
        if SVN[0].issubset(directories) and SVN[1].issubset(files) and is_svn(path):
            yield path
        if b".hg" in directories and is_hg(path):
            yield path
        if b".git" in directories and is_git(os.path.join(path, b".git")):
            yield path
        if GIT[0].issubset(directories) and GIT[1].issubset(files):
            if os.path.basename(path) != b".git" and is_git(path):
                yield path


def main():
    for path in repositories(os.fsencode(sys.argv[1])):
        sys.stdout.buffer.write(path + b"\0")


if __name__ == "__main__":
    main()
