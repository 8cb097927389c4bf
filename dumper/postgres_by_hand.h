// RESTORE.md of a PostgreSQL cluster: as by_hand.h says. Pure.
#pragma once

#include <string>

#include "dumper/record.h"

namespace repo {

// What comes after the head of the text: where it goes, and the commands.
std::string restore_postgres_by_hand(const ItemRecord& record, bool as_root);

}  // namespace repo
