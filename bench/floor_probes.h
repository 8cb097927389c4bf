// The system calls of repo-scan's probes, and next to nothing besides: what it costs at the least
// to find so many repositories (bench-floor --probes).
#pragma once

#include <dirent.h>

#include <cstdint>
#include <string>

#include "scanner/signature.h"

namespace repo::bench {

// The bit of its name, see scanner/signature.h.
NameBits bit_of(const dirent64& entry);

// For the open directory `fd` whose names have these bits: makes the calls of each probe that they
// ask for, as long as it finds what it looks for. Of most files only the presence counts, so these
// are repo-scan's calls for repositories of which all is there and for bench-tree-gen's decoys, not
// for every broken one. `is_dot_git`: it is called `.git`, and what is above it was asked for it
// already. Takes what is not walked out of `names`, which have a NUL each.
void make_probe_calls(int fd, NameBits bits, bool is_dot_git, std::string& names);

}  // namespace repo::bench
