#include "scanner/kind_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/bytes_path.h"
#include "base/text.h"

namespace repo {
namespace {

// "a", "b" or "c"
std::string listed(const std::vector<std::string>& words, const char* last) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) all += i + 1 == words.size() ? std::string(" ") + last + " " : ", ";
    all += quoted(printable(words[i]));
  }
  return all;
}

std::string bytes_text(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = std::isprint(byte) != 0 && c != '"' && c != '\\';
    text += is_plain ? std::string(1, c) : fmt::format("\\x{:02X}", byte);
  }
  return quoted(text);
}

// An argument, so that one sees where it begins and ends.
std::string argument_text(const std::string& argument) {
  const bool is_plain =
      !argument.empty() && std::all_of(argument.begin(), argument.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return std::isalnum(byte) != 0 ||
               std::string_view("{}_-./=,:+@%").find(c) != std::string_view::npos;
      });
  return is_plain ? argument : "'" + printable(argument) + "'";
}

std::string command_text(const UserCommand& command) {
  std::string text;
  for (const std::string& argument : command.argv) {
    text += (text.empty() ? "" : " ") + argument_text(argument);
  }
  if (command.each_match) text += "\n  for each file that it is known by";
  if (!command.output.empty())
    text += "\n  what it prints becomes " + argument_text(command.output);
  if (command.exit_codes != std::vector<int>{0}) {
    text += "\n  no failure: exit code";
    for (std::size_t i = 0; i < command.exit_codes.size(); ++i) {
      text += (i > 0 ? ", " : " ") + std::to_string(command.exit_codes[i]);
    }
  }
  if (!command.fail_if.empty()) {
    text += "\n  a failure, too: it prints a line like " + listed(command.fail_if, "or");
  }
  if (!command.must_say.empty()) {
    text += "\n  a failure, too: no line is like " + listed(command.must_say, "or like");
  }
  if (command.timeout) text += fmt::format("\n  at most {} s", command.timeout->count());
  return text;
}

// A word, and what belongs to it, whose further lines stand below the first one.
std::string entry(const std::string& word, const std::string& text) {
  constexpr std::size_t kColumn = 14;
  std::string shown = "  " + word;
  shown.resize(std::max(shown.size() + 1, kColumn + 2), ' ');
  std::string_view rest = text;
  shown += std::string(take_line(rest)) + "\n";
  while (!rest.empty())
    shown += std::string(kColumn + 2, ' ') + std::string(take_line(rest)) + "\n";
  return shown;
}

std::string commands_text(const UserCommands& commands) {
  std::string text;
  for (const UserCommand& each : commands) text += (text.empty() ? "" : "\n") + command_text(each);
  return text;
}

std::string known_by(const UserSignature& signature) {
  std::vector<std::string> parts;
  if (!signature.files.empty()) parts.push_back("files " + listed(signature.files, "and"));
  if (!signature.directories.empty()) {
    parts.push_back("directories " + listed(signature.directories, "and"));
  }
  for (const std::string& glob : signature.globs) {
    parts.push_back("a file whose name is like " + quoted(printable(glob)));
  }
  std::string magic;
  for (const UserMagic& each : signature.magics) {
    magic += (magic.empty() ? "" : "\nor ") + std::string("a file whose name is like ") +
             listed(each.globs, "or") + ", with " + bytes_text(each.bytes) +
             fmt::format(" at byte {}", each.offset);
  }
  if (!magic.empty()) parts.push_back(magic);
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "\nand ") + part;
  if (!signature.excepted.empty()) {
    text += "\nbut no file whose name is like " + listed(signature.excepted, "or");
  }
  return text;
}

std::string place_text(const UserSignature& signature) {
  if (signature.paths.empty()) return "everywhere";
  std::string text = "in and below " + listed(signature.paths, "and");
  if (signature.directories.empty()) text += "\nthere every directory is read";
  return text;
}

std::string network_text(UserNetwork network) {
  switch (network) {
    case UserNetwork::kNone:
      return "no network";
    case UserNetwork::kUnix:
      return "sockets in its folders";
    case UserNetwork::kOwn:
      return "a network of its own";
    case UserNetwork::kHost:
      return "the machine's network";
  }
  return "";
}

std::string account_text(const std::string& run_as) {
  if (run_as == "owner") return "as the owner of the directory";
  return run_as.empty() ? "as a user that owns nothing" : "as the user " + printable(run_as);
}

std::string source_text(const UserKind& kind) {
  std::string text = account_text(kind.run_as) + ", with " + network_text(kind.network);
  if (!kind.folders.empty()) text += "\nsees " + listed(kind.folders, "and");
  for (const UserSecret& each : kind.secrets) {
    text += "\nreads " + quoted(printable(each.file)) + " as ";
    text += each.number ? fmt::format("descriptor {}", *each.number) : printable(each.at);
  }
  return text;
}

}  // namespace

std::string kind_text(const UserKind& kind) {
  const UserSignature& signature = kind.signature;
  std::string text = kind.name + "  (" + printable(kind.file) + ")\n";
  if (!kind.description.empty()) text += entry("what it is", printable(kind.description));
  text += entry("looked for", place_text(signature));
  text += entry("known by", known_by(signature));
  if (signature.all_pruned) text += entry("not entered", "all that is in it");
  if (!signature.pruned.empty()) text += entry("not entered", listed(signature.pruned, "and"));
  text += entry("at the source", source_text(kind));
  for (const auto& [word, commands] : {std::pair("version", &kind.version),
                                       {"identity", &kind.identity},
                                       {"state", &kind.state},
                                       {"dump", &kind.dump},
                                       {"cleanup", &kind.cleanup}}) {
    if (!commands->empty()) text += entry(word, commands_text(*commands));
  }
  std::string copy = account_text("") + ", with no network";
  if (kind.drill_network != UserNetwork::kNone) {
    copy += "; drills with " + network_text(kind.drill_network);
  }
  text += entry("at the copy", copy);
  text += entry("verify", kind.verify.empty() ? "NOTHING: no tool reads the copy"
                                              : commands_text(kind.verify));
  text += entry("drill", kind.drill.empty() ? "NOTHING: no copy is ever proven to be restorable"
                                            : commands_text(kind.drill));
  for (const auto& [word, commands] :
       {std::pair("compare", &kind.compare), {"control", &kind.control}}) {
    if (!commands->empty()) text += entry(word, commands_text(*commands));
  }
  std::string size = "a copy of less than " + counted(kind.min_bytes, "byte") + " is a failure";
  if (kind.max_shrink) {
    size += fmt::format("\none that lost more than {} % is an alarm", *kind.max_shrink);
  }
  text += entry("size", size);
  text += entry("stands for", kind.stands_for_directory && !kind.verify.empty()
                                  ? "all of the directory: a file-level backup may leave that out"
                                  : "what it copies: the directory stays in a file-level backup");
  text += entry("unchanged", kind.unchanged_by_files ? "no new dump where no file has changed"
                                                     : "it is dumped each time");
  return text;
}

}  // namespace repo
