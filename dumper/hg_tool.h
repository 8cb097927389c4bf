// How hg is run on a copy: by nobody's configuration but what the layout of the copy needs.
// Sources: hg help environment (HGRCPATH, HGRCSKIPREPO, HGPLAIN); hg help config (storage);
// hg help internals.requirements.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace repo {

// `hgrc`: the one configuration file that is read; empty: none.
std::vector<std::pair<std::string, std::string>> hg_environment(const std::string& hgrc);

// "section.key" and its value: without these hg refuses the repository in the open directory
// `data`, or does not know what is in it.
std::vector<std::pair<std::string, std::string>> hg_config_for(int data);

}  // namespace repo
