// The configuration of our own that git gets in place of a copy's: a copy is data. Pure.
#pragma once

#include <map>
#include <string>

namespace repo {

// For a bare git directory with the objects of one that has these extensions (read_git_extensions);
// `partial`: that is a partial clone, which may lack objects. What fsck says of objects that are
// whole but were written badly is a warning. Sources: git-fsck(1), "fsck.<msg-id>"; fsck.h.
std::string clean_git_config(const std::map<std::string, std::string>& extensions, bool partial);

}  // namespace repo
