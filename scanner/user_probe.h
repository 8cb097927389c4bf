// The probe of a kind that a user has defined (probe.h): repo-scan finds by it, and repo-dump sees
// by it that a source still is what the scan found.
#pragma once

#include "scanner/probe.h"
#include "scanner/user_kind.h"

namespace repo {

// A repository's detail: `files`, how many of its files the signature matches. Broken where the
// directory cannot be read. Never a pointer.
ProbeResult probe_user_kind(Directory& directory, const UserSignature& signature);

}  // namespace repo
