// The copy of an item whose kind a user has defined: its commands of the source, in their order.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/dumper.h"
#include "dumper/hand_over.h"
#include "scanner/user_kind.h"
#include "scanner/user_template.h"

namespace repo {

// What the sandbox has the folders as.
inline constexpr const char* kUserDataAt = "/staging/data";
inline constexpr const char* kUserTmpAt = "/staging/tmp";

// state → identity → dump → cleanup → identity again → how much is there. Dumper::copy().
Result<CopyFacts> copy_user_kind(const UserKind& kind, const DumpJob& job,
                                 const CommandRunner& runner);

// {source}, {name}, {user}, {host}, {time}.
TemplateValues user_values(const std::string& path, std::uint32_t uid, std::uint32_t gid,
                           const std::string& host);

// The files in an open folder that the kind's signature matches: of the source, or of a copy, which
// need not have all that the signature asks for.
Result<std::vector<std::string>> user_matches(const UserKind& kind, int folder);

// Whether its dump is files of the source, one for each that the signature matches, and not what a
// server has told.
bool dumps_each_match(const UserKind& kind);

// Whether one of the commands names {match} or {match.N}.
bool names_a_match(const UserCommands& commands);

// What one file of a command's may grow to where it is in `folder`: what it has written is looked
// at once a second, and a tool that writes without end could have filled the disk by then. A part
// of what is free stays the others'.
std::uint64_t largest_file(int folder);

// What commands printed, as a fingerprint keeps it: valid UTF-8, at most 1000 bytes, without the
// blanks at its end.
std::string as_fact(std::string text);

// The same of an identity, where two that differ must stay two: of one that as_fact() changes the
// digest, with how it begins.
std::string as_identity(const std::string& text);

// `name` below `parent`, for the user `to` alone.
Result<UniqueFd> make_user_folder(int parent, const char* name, const NewOwner& to,
                                  const Patience& patience);

}  // namespace repo
