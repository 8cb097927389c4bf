// A kind that a user has defined, as a plain value: what marks it, and the commands that copy it,
// verify the copy and prove that it can be restored.
//
// user_kind_file.h reads it from a file, and user_check.h says what is wrong with it: whoever holds
// one from there need not look again. docs/kinds.md tells a person all of it.
//
// Commands  Never a text for a shell: a list of arguments, in which placeholders stand
//           (user_template.h). Each is run in a sandbox of its own.
//             of the source   version, identity, state, dump, cleanup: with the kind's account,
//                             network, folders and secrets
//             of the copy     verify, drill, compare, control: under the sandbox's own user, which
//                             sees the copy alone
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace repo {

// Bytes that a file has at `offset`. It is opened only where its name is matched by one of the
// globs (user_pattern.h).
struct UserMagic {
  std::vector<std::string> globs;
  std::uint64_t offset = 0;
  std::string bytes;
};

// What a directory must hold. All names are of entries of the directory itself; all are raw bytes.
struct UserSignature {
  std::vector<std::string> files;        // each is there, as a regular file
  std::vector<std::string> directories;  // each is there, as a directory
  std::vector<std::string> globs;        // each matches a regular file's name
  std::vector<UserMagic> magics;         // where there are some: a regular file has one of them
  std::vector<std::string> excepted;     // files that match one of these globs match no other
  // Of a match these directories are not entered by the walk; all_pruned: none is.
  std::vector<std::string> pruned;
  bool all_pruned = false;
  // The kind is looked for in these directories and below them alone: absolute and canonical.
  // Empty: everywhere; then `directories` is not empty, so that a scan can tell from the metadata
  // of a directory without subdirectories that it is none.
  std::vector<std::string> paths;
};

enum class UserNetwork {
  kNone,
  kUnix,  // sockets in the kind's folders
  kOwn,   // a loopback device of its own, for servers that it starts itself
  kHost,  // the machine's network
};

struct UserCommand {
  // With placeholders. The first is a name in /usr/bin, an absolute path, or "./NAME": a script
  // that lies beside the kind's file.
  std::vector<std::string> argv;
  bool each_match = false;            // once for each file that the signature matches: {match}
  std::vector<int> exit_codes = {0};  // these are no failure
  std::vector<std::string> fail_if;   // patterns of a line of its output: one is a failure
  std::vector<std::string> must_say;  // likewise: one that no line matches is a failure
  std::optional<std::chrono::seconds> timeout;  // for this command; nothing: as for any item
  std::string output;  // its stdout becomes this file, below {dest}; with placeholders
};

using UserCommands = std::vector<UserCommand>;

// A file that root alone (else: the user alone) can read, for the commands of the source.
struct UserSecret {
  std::string file;           // absolute
  std::optional<int> number;  // the descriptor that it is handed as, 3 to 9 …
  std::string at;             // … or the absolute path that it has in the sandbox
};

struct UserKind {
  std::string name;    // [a-z][a-z0-9-]*, at most 32 bytes; no built-in kind's
  std::string file;    // the file that defines it: an absolute path, or as the user gave it
  std::string folder;  // where that lies
  // SHA-256 in hex of that file and, where it has scripts, of all that lies beside it but other
  // kinds: with another one a copy may be made in another way. Empty where nothing was read.
  std::string digest;
  std::string description;
  std::string package;  // what is to be installed for it; empty: not told
  UserSignature signature;

  UserCommands version;
  UserCommands identity;  // what they print must stay the same from copy to copy
  UserCommands state;     // what they print is recorded; where they fail, nothing is copied
  UserCommands dump;      // never empty
  UserCommands cleanup;   // after the dump, whatever came of it
  UserCommands verify;
  UserCommands drill;
  UserCommands compare;  // with it there is `control`
  UserCommands control;  // changes what was restored: `compare` must notice it

  std::string run_as;  // a user's name; "owner": the directory's, but for root; empty: the
                       // sandbox's own user
  UserNetwork network = UserNetwork::kNone;        // of the source's commands
  UserNetwork drill_network = UserNetwork::kNone;  // of drill, compare, control: none or own
  // Besides PATH, HOME and LC_ALL, for all commands; values with placeholders.
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> folders;   // absolute: the source's commands see them too, read-only
  std::vector<std::string> programs;  // the same for all commands
  std::vector<UserSecret> secrets;

  std::uint64_t min_bytes = 1;         // a smaller copy is a failure
  std::optional<unsigned> max_shrink;  // percent: a copy that lost more is an alarm
  // Nothing of the directory (of the matched files, where there are some) changed: no new dump.
  bool unchanged_by_files = false;
  // The copy stands for all that is in the directory: a file-level backup may leave that out.
  bool stands_for_directory = false;
  std::string restore;  // for people: how the copy is brought back
};

}  // namespace repo
