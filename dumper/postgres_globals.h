// What pg_dumpall --globals-only has printed: roles and tablespaces, as SQL. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace repo {

// Whether it is all of it: pg_dumpall ends in 0 also where it could not write.
bool is_whole_globals(std::string_view text);

// Whether each tablespace in `before` is in `after`, too.
bool keeps_tablespaces(std::string_view before, std::string_view after);

// `text`, with roles that dumps may name and that are gone by now. `seen` are those that the dumps'
// snapshots had, "OID CREATE ROLE name;". One that is gone comes back without any right, and a
// second time by its number, which pg_dump writes for a role that went while it was at work; `gone`
// gets how many they are.
std::string with_roles(std::string_view text, const std::set<std::string>& seen, std::size_t& gone);

}  // namespace repo
