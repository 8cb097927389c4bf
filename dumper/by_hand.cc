#include "dumper/by_hand.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "dumper/postgres_by_hand.h"

namespace repo {
namespace {

// Each line of `owners` gives one entry what is its own.
constexpr const char* kOwnersLoop = R"sh(    cd new
    tac "$C/owners" | while IFS= read -r line; do
      set -f; set -- $line; path=$(printf '%b.' "${line#* * * * * }"); path=./${path%.}
      [ -e "$path" ] || [ -L "$path" ] || continue
      chown -h "$3:$4" -- "$path"; [ -L "$path" ] || chmod "$2" -- "$path"
      [ "$5" = - ] || for attribute in $(printf %s "$5" | tr , ' '); do
        name=$(printf %b "${attribute%%=*}")
        setfattr -h -n "$name" -v "0s${attribute#*=}" -- "$path"; done
    done
    cd ..
)sh";

// "u=rwX,g=rX,o=": the rights of a folder, for all that is in it.
std::string rights_like(std::uint32_t mode) {
  std::string rights;
  for (const auto& [who, shift] : {std::pair('u', 6), {'g', 3}, {'o', 0}}) {
    rights += (rights.empty() ? "" : ",") + std::string(1, who) + "=";
    for (const auto& [bit, letter] : {std::pair(4U, 'r'), {2U, 'w'}, {1U, 'X'}}) {
      if ((mode >> shift & bit) != 0) rights += letter;
    }
  }
  return rights;
}

// The extensions without which hg does not know the repository.
std::string hg_extensions(const Repository& source) {
  std::string options;
  const std::string needed = " " + find_text(source.detail, "requirements").value_or("") + " ";
  for (const std::string extension : {"largefiles", "lfs"}) {
    if (needed.find(extension) == std::string::npos) continue;
    options += "--config extensions." + extension + "= ";
  }
  return options;
}

// As whom a tool is run on what came back: its hooks and settings are that user's, never root's,
// and have no hold of root's terminal.
std::string as_owner(const Repository& source, bool as_root) {
  if (!as_root || source.uid == 0) return "";
  return fmt::format("setsid -w setpriv --reuid={} --regid={} --clear-groups env -u HOME ",
                     source.uid, source.gid);
}

constexpr const char* kFilesThatAreMissing =
    "\nThe working files, as far as they are not there:\n\n";

// The commands that show that the restored repository works. svn takes no path that is not UTF-8.
std::string trial(const ItemRecord& record, bool as_root) {
  const Repository& source = record.source;
  const std::string as = as_owner(source, as_root);
  const bool has_files = source.store != source.path;
  if (source.kind == "svn") {
    const bool is_bdb = find_text(record.fingerprint, "fs_type") == "bdb";
    return "    cd \"$T\"\n" + (is_bdb ? "    " + as + "svnadmin recover .\n" : std::string()) +
           "    " + as + "svnadmin verify -q .\n";
  }
  if (source.kind == "hg") {
    const std::string hg = "    " + as + (as.empty() ? "env " : "") +
                           "HGRCPATH= HGRCSKIPREPO=1 hg " + hg_extensions(source) + "-R \"$T\" ";
    return hg + "verify -q\n" + kFilesThatAreMissing + hg + "revert -q -r . 'set:missing()'\n";
  }
  if (source.kind == "git") {
    const std::string git = as + "git -C \"$T\" ";
    std::string text = "    " + git + "fsck --no-dangling --no-progress\n";
    if (has_files) {
      text += kFilesThatAreMissing + ("    " + git) + "ls-files -d -z | " + git +
              "checkout-index -z --stdin\n\nLinked worktrees that are in another place now:\n\n" +
              "    " + git + "worktree repair\n";
    }
    return text;
  }
  return "    ls -l -- \"$T\"\n";
}

// The files are in place, and what they hold is not in use yet.
std::string what_remains(const ItemRecord& record) {
  if (record.by_hand.empty()) return "";
  return "\n5. What is in place are the files of a dump. To use what they hold:\n\n" +
         record.by_hand + "\n";
}

// What ends the commands before they begin, where something is in the way.
std::string look_at_place(const Repository& source) {
  const std::string told = "then echo \"something is there already\" >&2; exit 1; fi\n";
  if (source.store == source.path) {
    return "    if [ -h \"$T\" ] || [ -n \"$(ls -A -- \"$T\" 2>/dev/null)\" ]; " + told;
  }
  const std::string name = source.store.substr(source.path.size() + 1);
  return "    if [ -h \"$T\" ] || [ -e \"$T/" + name + "\" ]; " + told;
}

// What moves the copy to $T, and refuses where something is there.
std::string placing(const Repository& source) {
  const std::string whole = "mv -T -- new \"$T\"";
  if (source.store == source.path) return "    " + whole + "\n";
  const std::string name = source.store.substr(source.path.size() + 1);
  return fmt::format(
      "    if [ -e \"$T\" ]; then mv -T -- new/{0} \"$T/{0}\"; rmdir new; else {1}; fi\n", name,
      whole);
}

}  // namespace

std::string shell_word(const std::string& bytes) {
  const bool is_plain = is_utf8(bytes) && printable(bytes).size() ==
                                              bytes.size() + static_cast<std::size_t>(std::count(
                                                                 bytes.begin(), bytes.end(), '\\'));
  std::string word;
  if (is_plain) {
    for (const char c : bytes) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return "'" + word + "'";
  }
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool as_it_is = byte > ' ' && byte < 127 && c != '\\' && c != '\'' && c != '"';
    word += as_it_is ? std::string(1, c) : fmt::format("\\0{:03o}", byte);
  }
  return "$(printf '%b.' '" + word + "')";
}

std::string restore_by_hand(const ItemRecord& record, bool as_root) {
  const Repository& source = record.source;
  const bool has_files = source.store != source.path;
  const std::string target = shell_word(source.path);
  const bool has_dot = target.starts_with('$');  // printf puts one behind, which keeps newlines
  std::string text = fmt::format(
      "# Bringing {0} {1} back by hand\n\n"
      "This folder holds the copy of {2}, made on {3} and read by {4} {5}.\n"
      "`data` is the copy{6}; `SHA256SUMS` has the digest of every file in it, "
      "`owners`\n"
      "says whose everything was, `item.json` is the record.\n\n"
      "With repo-backup at hand: `repo-restore restore {7} --to TARGET --from DIR`, with DIR the\n"
      "folder above `current` and `older`. Without it, these commands, one after the other, in a\n"
      "shell{8}, with this folder as the working directory:\n\n",
      source.kind, printable(source.path), record.generation, printable(record.host), record.tool,
      printable(record.tool_version),
      source.kind == "postgres" ? ""
      : has_files               ? ", usable as it is (the working files are no part of it)"
                                : ", usable as it is",
      record.id, as_root ? ", as root" : "");
  if (!record.missing.empty()) {
    text += "THIS COPY LACKS SOMETHING:\n\n";
    for (const std::string& each : record.missing) text += "- " + printable(each) + "\n";
    text += "\n";
  }
  if (!record.notes.empty()) {
    text += "What is special about this copy:\n\n";
    for (const std::string& note : record.notes) text += "- " + printable(note) + "\n";
    text += "\n";
  }
  if (source.kind == "postgres") return text + restore_postgres_by_hand(record, as_root);
  const std::string own =
      as_root ? fmt::format("    chown -hR {}:{} -- new\n", source.uid, source.gid) : std::string();
  text += fmt::format(
      "1. Where it goes. For another place change T, and nothing else.\n\n"
      "    C=$PWD\n"
      "    T={}\n{}"
      "    S=$T.restoring\n\n"
      "2. Is the copy what it was? (No output means that it is.)\n\n"
      "    sha256sum --quiet -c SHA256SUMS\n\n"
      "3. Copied to where nobody else can go, beside the place; given its owners, modes and "
      "attributes,\n"
      "access control lists among them (`setfattr` is in the package attr); and put in place, "
      "where "
      "nothing\nmay be{}. The first thing that fails ends it, and then nothing is in place. Where "
      "`$S` exists\nalready, an attempt before this one has left it: remove it.\n\n"
      "    (\n    set -e\n{}"
      "    mkdir -p -- \"$(dirname -- \"$T\")\"\n"
      "    mkdir -m 700 -- \"$S\"\n"
      "    cd -P -- \"$S\"\n"
      "    [ \"$(stat -c %u .)\" = \"$(id -u)\" ]\n"
      "    cp -aT -- \"$C/data\" new\n{}"
      "    chmod -R {} -- new\n{}{}"
      "    cd -- \"$C\"\n"
      "    rmdir -- \"$S\"\n"
      "    echo 'It is in place.'\n    )\n\n"
      "4. Only where the last line was \"It is in place.\": it works.\n\n{}",
      target, has_dot ? "    T=${T%.}\n" : "", has_files ? " but working files" : "",
      look_at_place(source), own, rights_like(source.mode), kOwnersLoop, placing(source),
      trial(record, as_root));
  return text + what_remains(record);
}

}  // namespace repo
