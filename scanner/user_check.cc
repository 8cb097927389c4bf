#include "scanner/user_check.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/bytes_path.h"
#include "base/text.h"
#include "scanner/user_pattern.h"
#include "scanner/user_template.h"

namespace repo {
namespace {

constexpr std::array<std::string_view, 4> kBuiltIn = {"svn", "hg", "git", "postgres"};
constexpr std::size_t kMostPatterns = 20;  // of a command: their time is bounded
constexpr std::size_t kLongestMagic = 64;
constexpr std::uint64_t kFarthestMagic = std::uint64_t{1} << 20;

bool is_word(std::string_view text, std::string_view more) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && is_lower(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
  });
}

bool is_entry_name(std::string_view name) {
  constexpr std::size_t kLongest = 255;
  return !name.empty() && name.size() <= kLongest && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

// Variables by which interpreters and libraries find what they run or load. There are more of them
// than anybody can list: a kind's file is root's, and this is for what slips in.
bool decides_what_is_run(std::string_view name) {
  constexpr std::array<std::string_view, 10> kBegin = {"BASH", "PYTHON", "PERL", "RUBY",  "NODE",
                                                       "JAVA", "JDK",    "GIT_", "GCONV", "LUA"};
  constexpr std::array<std::string_view, 9> kEnd = {"ENV",  "PATH",    "LIB",     "LIBS", "OPT",
                                                    "OPTS", "OPTIONS", "PRELOAD", "RC"};
  return std::any_of(kBegin.begin(), kBegin.end(),
                     [&](std::string_view each) { return name.starts_with(each); }) ||
         std::any_of(kEnd.begin(), kEnd.end(),
                     [&](std::string_view each) { return name.ends_with(each); });
}

bool names_what_is_found(std::string_view value) {
  constexpr std::array<std::string_view, 3> kFound = {"{source}", "{name}", "{user}"};
  return std::any_of(kFound.begin(), kFound.end(), [&](std::string_view each) {
    return value.find(each) != std::string_view::npos;
  });
}

class Check {
 public:
  explicit Check(const UserKind& kind) : kind_(kind) {}

  std::vector<std::string> run() {
    name();
    signature();
    commands("tool_version", kind_.version, TemplateUse::kSource);
    commands("identity", kind_.identity, TemplateUse::kSource);
    commands("state", kind_.state, TemplateUse::kSource);
    commands("dump", kind_.dump, TemplateUse::kDump);
    commands("cleanup", kind_.cleanup, TemplateUse::kSource);
    commands("verify", kind_.verify, TemplateUse::kCopy);
    commands("drill", kind_.drill, TemplateUse::kCopy);
    commands("compare", kind_.compare, TemplateUse::kCopy);
    commands("control", kind_.control, TemplateUse::kCopy);
    together();
    surroundings();
    secrets();
    return std::move(mistakes_);
  }

 private:
  void add(const std::string& field, const std::string& what) {
    mistakes_.push_back(field + ": " + what);
  }

  void name() {
    constexpr std::size_t kLongest = 32;
    if (!is_word(kind_.name, "-") || kind_.name.size() > kLongest) {
      add("kind", quoted(printable(kind_.name)) +
                      " is no name for a kind: a small letter, then small letters, digits and "
                      "\"-\", at most 32");
    }
    if (std::find(kBuiltIn.begin(), kBuiltIn.end(), kind_.name) != kBuiltIn.end()) {
      add("kind", kind_.name + " is built in: give it another name");
    }
  }

  void entry_names(const std::string& field, const std::vector<std::string>& names) {
    for (const std::string& each : names) {
      if (is_entry_name(each)) continue;
      add(field, quoted(printable(each)) +
                     " is no name of an entry: names in the directory itself, without \"/\"");
    }
  }

  void patterns(const std::string& field, const std::vector<std::string>& all, bool of_names) {
    for (const std::string& each : all) {
      if (const auto mistake = mistake_in_pattern(each)) {
        add(field, quoted(printable(each)) + ": " + *mistake);
      } else if (of_names && each.find('/') != std::string::npos) {
        add(field, quoted(printable(each)) + ": no name has a \"/\"");
      }
    }
  }

  void signature() {
    const UserSignature& signature = kind_.signature;
    entry_names("signature.files", signature.files);
    entry_names("signature.directories", signature.directories);
    entry_names("signature.prune", signature.pruned);
    patterns("signature.globs", signature.globs, true);
    for (const UserMagic& magic : signature.magics) {
      if (magic.globs.empty()) {
        add("signature.magic.glob", "missing: only files whose names it matches are opened");
      }
      patterns("signature.magic.glob", magic.globs, true);
      if (magic.bytes.empty() || magic.bytes.size() > kLongestMagic) {
        add("signature.magic", "1 to 64 bytes, as \"text\" or \"hex\"");
      }
      if (magic.offset > kFarthestMagic) add("signature.magic.offset", "at most 1048576");
    }
    const bool is_empty = signature.files.empty() && signature.directories.empty() &&
                          signature.globs.empty() && signature.magics.empty();
    if (is_empty) {
      add("signature",
          "matches every directory: name \"files\", \"directories\", \"globs\" or a "
          "\"magic\"");
    }
    if (signature.directories.empty() && signature.paths.empty()) {
      add("signature.paths",
          "missing: a signature without \"directories\" needs the directories "
          "where it is to be looked for, since every directory there is read");
    }
    for (const std::string& path : signature.paths) absolute("signature.paths", path);
    patterns("signature.except", signature.excepted, true);
    if (signature.all_pruned && signature.paths.empty()) {
      add("signature.prune",
          "true needs \"paths\": elsewhere whoever makes these names in a directory would hide "
          "what others have below it");
    }
  }

  void absolute(const std::string& field, const std::string& path) {
    if (is_canonical_path(path)) return;
    add(field, quoted(printable(path)) +
                   " is no absolute path without \".\", \"..\", \"//\" and \"/\" at its end");
  }

  void text(const std::string& field, const std::string& text, TemplateUse use, bool each_match) {
    if (const auto mistake = mistake_in_template(text, use, each_match)) add(field, *mistake);
  }

  void commands(const std::string& field, const UserCommands& all, TemplateUse use) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string where = all.size() == 1 ? field : field + "[" + std::to_string(i) + "]";
      command(where, all[i], use);
    }
  }

  void command(const std::string& where, const UserCommand& command, TemplateUse use) {
    if (command.argv.empty() || command.argv[0].empty()) {
      add(where + ".argv", "empty: the program and its arguments, each a text of its own");
    } else {
      program(where + ".argv[0]", command.argv[0]);
    }
    bool names_one = false;
    for (std::size_t i = 0; i < command.argv.size(); ++i) {
      const std::string at = where + ".argv[" + std::to_string(i) + "]";
      text(at, command.argv[i], use, command.each_match);
      if (names_a_match(command.argv[i])) names_one = true;
    }
    if (use == TemplateUse::kSource && &command == version()) {
      for (const std::string& each : command.argv) {
        if (each.find('{') != std::string::npos) {
          add(where + ".argv", "the version is asked once, of no directory: no placeholders");
        }
      }
    }
    if (command.each_match && !names_one) {
      add(where + ".for_each", "\"match\", and {match} is in none of the arguments");
    }
    if (!command.output.empty()) {
      if (use != TemplateUse::kDump) add(where + ".output", "a dump's alone");
      if (!is_entry_name(command.output)) {
        add(where + ".output", "a name: the file is made in {dest}");
      }
      text(where + ".output", command.output, use, command.each_match);
      if (command.each_match && !names_a_match(command.output)) {
        add(where + ".output", "the same file for each match: have {match} in it");
      }
    }
    if (command.exit_codes.empty()) add(where + ".exit_codes", "empty: then it could never pass");
    for (const int code : command.exit_codes) {
      constexpr int kHighest = 125;  // from there on a shell means something else
      if (code < 0 || code > kHighest) {
        add(where + ".exit_codes", std::to_string(code) + " is not within 0 and 125");
      }
    }
    if (command.fail_if.size() + command.must_say.size() > kMostPatterns) {
      add(where, "more than 20 patterns in \"fail_if\" and \"must_say\"");
    }
    patterns(where + ".fail_if", command.fail_if, false);
    patterns(where + ".must_say", command.must_say, false);
    if (!command.output.empty() && !command.must_say.empty()) {
      add(where + ".must_say", "what it prints goes to \"output\": look at that in \"verify\"");
    }
    if (command.timeout && command.timeout->count() == 0) add(where + ".timeout", "0 is no time");
  }

  const UserCommand* version() const {
    return kind_.version.empty() ? nullptr : kind_.version.data();
  }

  void program(const std::string& where, const std::string& program) {
    if (program.find('{') != std::string::npos) {
      add(where, "a placeholder: what is run is not to depend on what is found");
      return;
    }
    const bool is_script = program.starts_with("./");
    const std::string name = is_script ? program.substr(2) : program;
    const bool is_fine = program[0] == '/' ? is_canonical_path(program) : is_entry_name(name);
    if (is_fine) return;
    add(where, quoted(printable(program)) +
                   ": a name in /usr/bin, an absolute path, or \"./NAME\" for a script beside "
                   "this file");
  }

  void together() {
    if (kind_.dump.empty()) add("dump", "missing");
    if (kind_.version.size() > 1) add("tool_version", "one command");
    if (kind_.compare.empty() != kind_.control.empty()) {
      add(kind_.compare.empty() ? "compare" : "control",
          "missing: \"control\" changes what was restored, and \"compare\" must notice it");
    }
    if (!kind_.compare.empty() && kind_.drill.empty()) {
      add("drill", "missing: \"compare\" compares what it has restored");
    }
    constexpr unsigned kAll = 100;
    if (kind_.max_shrink && (*kind_.max_shrink == 0 || *kind_.max_shrink >= kAll)) {
      add("max_shrink_percent", "a whole number from 1 to 99");
    }
  }

  void surroundings() {
    constexpr std::size_t kLongestName = 32;
    // "_apt" is one, too.
    const std::string_view user =
        std::string_view(kind_.run_as).substr(kind_.run_as.starts_with('_') ? 1 : 0);
    const bool is_user = is_word(user, "-_") && kind_.run_as.size() <= kLongestName;
    if (!kind_.run_as.empty() && !is_user) {
      add("run_as", quoted(printable(kind_.run_as)) + ": \"owner\" or a user's name");
    }
    if (kind_.run_as == "root") {
      add("run_as",
          "root: it would do as it likes with what others own; name another user, or "
          "\"owner\"");
    }
    const bool is_server =
        kind_.drill_network == UserNetwork::kNone || kind_.drill_network == UserNetwork::kOwn;
    if (!is_server) {
      add("drill_network", "\"none\" or \"own\": a drill reaches nothing but what it starts");
    }
    std::set<std::string> names;
    for (const auto& [name, value] : kind_.environment) {
      const bool is_name = !name.empty() && name.find_first_of("=\0 ", 0, 3) == std::string::npos;
      if (!is_name) add("environment", quoted(printable(name)) + " is no name of a variable");
      if (name == "PATH" || name.starts_with("LD_")) {
        add("environment", name + " decides what is run: name the program by its whole path");
      }
      if (decides_what_is_run(name) && names_what_is_found(value)) {
        add("environment." + printable(name),
            "it may decide what is run, and that is not to depend on what is found: none of "
            "{source}, {name}, {user}");
      }
      if (!names.insert(name).second) add("environment", name + " stands there twice");
      text("environment." + printable(name), value, TemplateUse::kAny, false);
    }
    folders("folders", kind_.folders);
    folders("programs", kind_.programs);
  }

  void folders(const std::string& field, const std::vector<std::string>& all) {
    // In these the sandbox has something of its own, and room for a folder of another name …
    constexpr std::array<std::string_view, 3> kItself = {"/", "/etc", "/tmp"};
    // … and in these none.
    constexpr std::array<std::string_view, 14> kAll = {
        "/usr", "/bin",  "/sbin", "/lib",     "/lib32",  "/lib64", "/libx32",
        "/dev", "/proc", "/sys",  "/staging", "/source", "/kind",  "/previous"};
    for (const std::string& folder : all) {
      absolute(field, folder);
      const bool is_taken =
          std::find(kItself.begin(), kItself.end(), folder) != kItself.end() ||
          is_within(folder, "/secrets") || folder == "/etc/passwd" || folder == "/etc/group" ||
          std::any_of(kAll.begin(), kAll.end(),
                      [&](std::string_view own) { return is_within(folder, own); });
      if (is_taken)
        add(field, printable(folder) +
                       " is the sandbox's own: it is seen anyway, or there is no room for another");
    }
  }

  void secrets() {
    std::set<int> numbers;
    std::set<std::string> places;
    for (const UserSecret& secret : kind_.secrets) {
      absolute("secrets.file", secret.file);
      if (secret.number.has_value() != secret.at.empty()) {
        add("secrets",
            "each has either \"number\", the descriptor that it is handed as, or "
            "\"at\", the path that it has for the command");
      }
      constexpr int kFirst = 3;
      constexpr int kLast = 9;
      if (secret.number && (*secret.number < kFirst || *secret.number > kLast)) {
        add("secrets.number", "3 to 9");
      }
      if (secret.number && !numbers.insert(*secret.number).second) {
        add("secrets.number", std::to_string(*secret.number) + " stands there twice");
      }
      if (!secret.at.empty() && !secret.at.starts_with("/secrets/")) {
        add("secrets.at", "a path in /secrets/");
      } else if (!secret.at.empty()) {
        absolute("secrets.at", secret.at);
        if (!places.insert(secret.at).second) {
          add("secrets.at", printable(secret.at) + " stands there twice");
        }
      }
    }
  }

  const UserKind& kind_;
  std::vector<std::string> mistakes_;
};

}  // namespace

std::vector<std::string> mistakes_in_kind(const UserKind& kind) { return Check(kind).run(); }

}  // namespace repo
