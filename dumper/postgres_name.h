// Names of a cluster's databases and roles, which whoever may create one chooses: as the names of
// files, and as words that libpq takes for a name and for nothing else. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace repo {

// Each byte but [A-Za-z0-9_-] as %XX, upper-case hex, and a '-' in front too: no path, no option.
std::string postgres_file_name(std::string_view name);

// The other way; nothing where it is not what postgres_file_name() makes of a name.
std::optional<std::string> postgres_name_of(std::string_view file_name);

// "dbname='…' host='…' port='…'": one word, which is taken for a connection string since it begins
// with a keyword. `dbname` alone would be one where it has a '=' in it, and lead elsewhere. What is
// empty is left out: libpq takes it from the environment.
// Source: PostgreSQL's manual, "Connection Strings" (quotes and backslashes are escaped by '\').
std::string postgres_conninfo(std::string_view database, std::string_view host,
                              std::string_view port, std::string_view user = {});

}  // namespace repo
